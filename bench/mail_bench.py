"""Mail into the ledger, durable: kept sessions, a connection each, and large ones."""

import json
import subprocess
import sys
from functools import partial

from bench.gateway import Gateway
from bench.http_bench import report
from bench.interleaved import Contender


def load(address: str, *options: str) -> tuple[int, float]:
    """One turn: mails told 250, seconds taken."""
    told = subprocess.run(
        [sys.executable, "-m", "bench.mail_load", address, *options], check=True, stdout=subprocess.PIPE
    ).stdout
    answer = json.loads(told)
    return answer["accepted"], answer["seconds"]


def main(rounds: int = 5) -> None:
    """One table; the first row is what the others are against."""
    with Gateway() as gateway:
        gateway.settle()
        ours, address = gateway.gateway_process, gateway.addresses["smtp"]
        report(
            "Mail, durable",
            [
                Contender("1 kB, 8 kept sessions", [ours], partial(load, address)),
                Contender("1 kB, a connection each", [ours], partial(load, address, "--new")),
                Contender("100 kB, 8 kept sessions", [ours], partial(load, address, "--size", "100000")),
                Contender(
                    "5 MB, 2 kept sessions", [ours], partial(load, address, "--size", "5000000", "--connections", "2")
                ),
            ],
            rounds,
            unit="mails/s",
        )


if __name__ == "__main__":
    main()
