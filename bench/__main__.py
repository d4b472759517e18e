"""`make bench [ONLY=http,mail,...]`: every benchmark, one after the other, each table printed and kept as JSON."""

import argparse
import importlib

BENCHES = ("decision", "http", "allowed", "mail", "wait", "start", "ledger")


def main() -> None:
    """Run all of them, or those that are named."""
    parser = argparse.ArgumentParser(prog="bench", description="Measure Soundstage; takes about ten minutes.")
    parser.add_argument("only", nargs="*", choices=[*BENCHES, []], help="which (all, if none is named)")
    for name in parser.parse_args().only or BENCHES:
        print(f"\n{name}: measuring", flush=True)
        importlib.import_module(f"bench.{name}_bench").main()


if __name__ == "__main__":
    main()
