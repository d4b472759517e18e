"""`make demo`: starts Soundstage, plays a staging shop through it, and leaves the dashboard up to look at."""

import argparse
import signal
import sys
import tempfile
from pathlib import Path

from demo.day import EXPECTED, play
from demo.shop_process import ShopProcess
from demo.stage import Stage
from demo.staging_accounts import shop_settings


def main() -> int:
    """0 where the shop finished its day and everything it did was captured and nothing left, else 1."""
    parser = argparse.ArgumentParser(prog="demo", description="Play a small staging shop through Soundstage.")
    parser.add_argument("--and-stop", action="store_true", help="end when the day is over")
    parser.add_argument("--free-ports", action="store_true", help="take any free ports, not the usual ones")
    arguments = parser.parse_args()
    # Whoever ends the demo ends its Soundstage too: an exception unwinds, a signal's default would not.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="soundstage-demo-") as folder, Stage(arguments.free_ports) as stage:
        say("Soundstage is up; the shop opens with nothing but the variables of `soundstage env`")
        with stage.trusted_by_sdks(), ShopProcess(stage.env(), shop_settings(Path(folder))) as shop:
            orders = play(shop.url, say)
        return _verdict(stage, orders, leave_up=not arguments.and_stop)


def _verdict(stage: Stage, orders: int, *, leave_up: bool) -> int:
    counts, left = stage.captured(), stage.left()
    for channel, expected in EXPECTED.items():
        say(f"  {channel:<8} {counts.get(channel, 0):>3} captured, {expected} expected")
    missing = [channel for channel, expected in EXPECTED.items() if counts.get(channel, 0) != expected]
    say(f"{orders} orders, {sum(counts.values())} side effects captured, {left} left")
    if missing or left:
        say(f"not as expected: {', '.join(missing) or 'something left'}")
        return 1
    if leave_up:
        say(f"look at it: {stage.sign_in_link()}")
        say("Ctrl-C ends it")
        stage.wait()
    return 0


def say(line: str) -> None:
    sys.stdout.write(f"demo: {line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
