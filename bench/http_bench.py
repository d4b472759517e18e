"""HTTP through the door, durable, with Stripe's whole answer: against a bare asyncio server and against Mockttp."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from bench.certificate import self_signed
from bench.gateway import Gateway
from bench.interleaved import Contender, run
from bench.table import show

NODE = Path(__file__).parent / "node"
FORM = (
    "amount=1000000&currency=eur&customer=cus_123&payment_method=pm_card_visa&confirm=true"
    "&receipt_email=ann%40example.test&metadata[order]=A000000"
)
HEAD = (
    "Host: {host}\\r\\nAuthorization: Bearer sk_test_51Sound\\r\\nUser-Agent: Stripe/v1 PythonBindings/16.1.0\\r\\n"
    "Stripe-Version: 2026-10-28.clover\\r\\nAccept: */*\\r\\nContent-Type: application/x-www-form-urlencoded\\r\\n"
)
BODY = f"Content-Length: {len(FORM)}\\r\\n\\r\\n{FORM}"
SECURE = f"POST /v1/payment_intents HTTP/1.1\\r\\n{HEAD.format(host='api.stripe.com')}{BODY}"
PLAIN = f"POST http://api.stripe.com/v1/payment_intents HTTP/1.1\\r\\n{HEAD.format(host='api.stripe.com')}{BODY}"


def load(address: str, request: str, *options: str, seconds: float = 2.0) -> tuple[int, float]:
    """One turn of the load generator: requests answered, seconds taken."""
    told = subprocess.run(
        [sys.executable, "-m", "bench.http_load", address, request, "--seconds", str(seconds), *options],
        check=True,
        stdout=subprocess.PIPE,
    ).stdout
    answer = json.loads(told)
    return answer["answered"], answer["seconds"]


@contextmanager
def bare(certificate: Path | None) -> Iterator[tuple[int, str]]:
    """The bare server's process and address."""
    command = [sys.executable, "-m", "bench.bare_server"]
    if certificate is not None:
        command += ["--certificate", str(certificate)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.pid, f"127.0.0.1:{process.stdout.readline().strip()}"
        process.kill()


@contextmanager
def mockttp(ca_key: Path, ca_certificate: Path) -> Iterator[tuple[int, str]]:
    """Mockttp's process and proxy address; its packages come from the npm registry on first use."""
    if not (NODE / "node_modules").exists():
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=NODE, check=True)
    command = ["node", "constant.mjs", str(ca_key), str(ca_certificate)]
    with subprocess.Popen(command, cwd=NODE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.pid, f"127.0.0.1:{process.stdout.readline().strip()}"
        process.kill()


def main(rounds: int = 7) -> None:
    """Three tables: kept HTTPS, kept plain, a TLS connection a request; of a gateway past its first seconds."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        certificate, ca, ca_key = self_signed(folder, "api.stripe.com")
        gateway = stack.enter_context(Gateway())
        gateway.settle()
        tls_limit = stack.enter_context(bare(certificate))
        plain_limit = stack.enter_context(bare(None))
        node = stack.enter_context(mockttp(ca_key, ca)) if shutil.which("node") else None
        ours, proxy, steered = gateway.gateway_process, gateway.addresses["proxy"], gateway.addresses["https"]
        trusted = str(folder / "both.pem")
        Path(trusted).write_text(Path(gateway.addresses["ca"]).read_text() + ca.read_text())

        def contender(name: str, pid: int, address: str, request: str, *options: str) -> Contender:
            return Contender(name, [pid], partial(load, address, request, *options))

        secure = ["--ca", trusted]
        kept = [
            contender("bare asyncio server, constant answer", *tls_limit, SECURE, *secure),
            contender("Soundstage: captured, durable, Stripe's answer", ours, proxy, SECURE, *secure, "--connect"),
        ]
        plain = [
            contender("bare asyncio server, constant answer", *plain_limit, PLAIN),
            contender("Soundstage: captured, durable, Stripe's answer", ours, proxy, PLAIN),
        ]
        if node is not None:
            kept.append(contender("Mockttp 4.6: constant answer, in memory", *node, SECURE, *secure, "--connect"))
            plain.append(contender("Mockttp 4.6: constant answer, in memory", *node, PLAIN))
        new = [
            contender("bare asyncio server, constant answer", *tls_limit, SECURE, *secure, "--new"),
            contender("Soundstage, steered: captured, durable", ours, steered, SECURE, *secure, "--new"),
        ]
        for title, contenders in (
            ("HTTPS on kept connections", kept),
            ("Plain HTTP on kept connections", plain),
            ("A TLS connection a request", new),
        ):
            report(title, contenders, rounds)


def report(title: str, contenders: list[Contender], rounds: int, unit: str = "requests/s") -> None:
    """Run the contenders and show each against the first."""
    run(contenders, rounds)
    first = contenders[0]
    rows = [[c.name, c.rate, c.each, c.against(first), c.cost_against(first)] for c in contenders]
    show(title, ["who answers", unit, "CPU us each", "rate against the first", "CPU against the first"], rows)


if __name__ == "__main__":
    main()
