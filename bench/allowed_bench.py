"""An allowed request: recorded, judged and sent on, against mitmproxy with an empty addon, to the same destination."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from bench.gateway import Gateway
from bench.http_bench import bare, load, report
from bench.interleaved import Contender

POLICY = """
version: 1
opt_in:
  - id: upstream
    to: upstream.example:{port}
    addresses: [127.0.0.0/8]
    why: the benchmark's own server
    owner: bench
    expires: {ends}
"""
REQUEST = "POST http://{host}:{port}/v1/orders HTTP/1.1\\r\\nHost: {host}:{port}\\r\\nContent-Length: 2\\r\\n\\r\\n{{}}"


@contextmanager
def stock() -> Iterator[tuple[int, str]]:
    """Stock mitmproxy's process and proxy address."""
    command = [sys.executable, "-m", "bench.stock_mitmproxy"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.pid, f"127.0.0.1:{process.stdout.readline().strip()}"
        process.kill()


def main(rounds: int = 7) -> None:
    """One table: kept plain connections through either."""
    with ExitStack() as stack:
        _, upstream = stack.enter_context(bare(None))
        port = int(upstream.rsplit(":", 1)[1])
        hosts = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "hosts"
        hosts.write_text("127.0.0.1 upstream.example\n")
        ends = (datetime.now(UTC) + timedelta(days=30)).date()
        gateway = stack.enter_context(
            Gateway(POLICY.format(port=port, ends=ends), {"SOUNDSTAGE_HOSTS_FILE": str(hosts)})
        )
        pid, proxy = stack.enter_context(stock())
        gateway.settle()
        theirs = REQUEST.format(host="127.0.0.1", port=port)
        ours = REQUEST.format(host="upstream.example", port=port)
        report(
            "Allowed requests",
            [
                Contender("mitmproxy, an empty addon", [pid], partial(load, proxy, theirs)),
                Contender(
                    "Soundstage: judged, recorded twice, sent on",
                    [gateway.gateway_process],
                    partial(load, gateway.addresses["proxy"], ours),
                ),
            ],
            rounds,
        )


if __name__ == "__main__":
    main()
