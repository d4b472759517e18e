"""Decisions: ten opt-ins against ten thousand, in one process, interleaved."""

import os
import tempfile
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from bench.http_bench import report
from bench.interleaved import Contender
from policies.effect import Effect, Target
from policies.policy import Policy
from policies.policy_file import load_policy

BATCH = 20_000


def policy_of(opt_ins: int) -> Policy:
    """A policy with this many opt-ins, each for a host of its own."""
    ends = (datetime.now(UTC) + timedelta(days=30)).date()
    rows = (
        f"  - {{id: o{n}, to: api{n}.partner{n % 97}.example.com, paths: [/v1/**], why: b, owner: b, expires: {ends}}}"
        for n in range(opt_ins)
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "policy.yaml"
        path.write_text("version: 1\nopt_in:\n" + "\n".join(rows) + "\n")
        return load_policy([path], now=datetime.now(UTC))


def effect_to(host: str) -> Effect:
    """A webhook to a host."""
    target = Target(scheme="https", host=host, port=443, method="POST", path="/v1/orders")
    return Effect(channel="webhook", intent="write", protocol="http/1.1", target=target, source="10.0.0.7")


def load(policy: Policy) -> tuple[int, float]:
    """Decide about a host that is opted in, one that is not, and one below an opted-in domain, in turn."""
    effects = [effect_to(host) for host in ("api3.partner3.example.com", "api.stripe.com", "x.partner3.example.com")]
    now = datetime.now(UTC)
    started = time.perf_counter()
    for number in range(BATCH):
        policy.decide(effects[number % 3], now)
    return BATCH, time.perf_counter() - started


def main(rounds: int = 7) -> None:
    """One table."""
    report(
        "Decisions",
        [Contender(f"{n:,} opt-ins", [os.getpid()], partial(load, policy_of(n))) for n in (10, 10_000)],
        rounds,
        unit="decisions/s",
    )


if __name__ == "__main__":
    main()
