"""How soon a test's `wait_for` returns after the mail's `250`."""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from bench.gateway import Gateway
from bench.table import show

CLIENT = Path(__file__).parents[1] / "client" / "src"
MAILS = 300


def main() -> None:
    """One table: the median and the 95th percentile."""
    with Gateway() as gateway:
        told = subprocess.run(
            [sys.executable, "-m", "bench.wait_load", gateway.addresses["dashboard"], gateway.token, str(MAILS)],
            check=True,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(CLIENT)},
        ).stdout
    took = sorted(json.loads(told))
    row = [f"{MAILS} mails", statistics.median(took), took[int(len(took) * 0.95)], took[-1]]
    show("wait_for after the mail's 250", ["of", "median ms", "p95 ms", "worst ms"], [row])


if __name__ == "__main__":
    main()
