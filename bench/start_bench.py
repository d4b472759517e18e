"""Start and memory: seconds from the command to ready, and the gateway's memory before and after a load."""

import statistics

from bench.gateway import Gateway
from bench.mail_bench import load
from bench.processor_time import resident_kilobytes
from bench.table import show

STARTS = 5
ROUNDS = 10


def main() -> None:
    """Two tables. The first start makes CA and ledger; the others are warm."""
    warm = []
    with Gateway() as gateway:
        first = gateway.seconds_to_ready
        for _ in range(STARTS):
            gateway.stop()
            gateway.start()
            warm.append(gateway.seconds_to_ready)
        show("Start to ready", ["start", "seconds"], [["first", first], ["warm, median", statistics.median(warm)]])
        rows, mails = [], 0
        for _ in range(ROUNDS):
            accepted, _ = load(gateway.addresses["smtp"], "--seconds", "3")
            mails += accepted
            rows.append([f"after {mails:,} mails", resident_kilobytes(gateway.gateway_process) / 1024])
        show("Memory of the gateway", ["when", "MB resident"], rows)


if __name__ == "__main__":
    main()
