"""Who has the capability to read the packet log: the gateway, and nothing that is started from it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
NET_ADMIN = 1 << 12
TELL = "print(*(line for line in open('/proc/self/status') if line.startswith('Cap')), sep='')"
GIVEN = ["setpriv", "--inh-caps=+net_admin", "--ambient-caps=+net_admin"]
pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="capabilities are Linux', and root's"
)


def capabilities(done: str) -> dict[str, int]:
    words = [*GIVEN, sys.executable, "-c", f"import os\nfrom soundstage import powers\n{done}\n{TELL}"]
    told = subprocess.run(words, capture_output=True, text=True, check=True, cwd=PROJECT, timeout=300).stdout
    return {name: int(bits, 16) for name, bits in (line.split(":\t") for line in told.splitlines() if line)}


def test_what_it_is_given_without_more() -> None:
    assert capabilities("")["CapAmb"] == NET_ADMIN


def test_the_gateway_keeps_it_and_passes_it_on_to_nobody() -> None:
    told = capabilities("powers.keep_to_oneself()")
    assert told["CapAmb"] == 0
    assert told["CapEff"] & NET_ADMIN


def test_the_dashboard_has_none() -> None:
    """As another user: with the last user id its powers would go anyhow, were they not kept over the change."""
    keep = "import ctypes\nctypes.CDLL(None).prctl(8, 1, 0, 0, 0)\nos.setresuid(65534, 65534, 65534)\n"
    told = capabilities(f"{keep}powers.give_up()")
    assert told["CapAmb"] == told["CapEff"] == told["CapPrm"] == told["CapInh"] == 0
    kept = capabilities(keep)
    assert kept["CapPrm"] & NET_ADMIN
