"""What `soundstage env` prints, read back by the shells themselves: the value that went in comes out."""

import subprocess
from pathlib import Path

import pytest

from soundstage.addresses import Addresses
from soundstage.routing import routing
from soundstage.shells import shown

NASTY = 'it\'s "a" $HOME `id` \\ path; é'


@pytest.mark.parametrize("value", ["plain", "", NASTY], ids=["plain", "empty", "nasty"])
def test_sh_reads_back_what_went_in(value: str) -> None:
    script = shown({"NAME": value}, "sh") + '\nprintf %s "$NAME"'
    assert subprocess.run(["sh", "-c", script], check=True, capture_output=True, text=True).stdout == value


@pytest.mark.parametrize(
    ("shell", "line"),
    [
        pytest.param("sh", "export A='b c'", id="sh"),
        pytest.param("fish", "set -gx A 'b c'", id="fish"),
        pytest.param("powershell", "$Env:A = 'b c'", id="powershell"),
        pytest.param("dotenv", 'A="b c"', id="dotenv"),
    ],
)
def test_each_shell_in_its_own_words(shell: str, line: str) -> None:
    assert shown({"A": "b c"}, shell) == line


@pytest.mark.parametrize(
    ("shell", "line"),
    [
        pytest.param("fish", r"set -gx A 'it\'s \\'", id="fish"),
        pytest.param("powershell", "$Env:A = 'it''s \\'", id="powershell"),
        pytest.param("dotenv", r'A="it' + "'" + r's \\"', id="dotenv"),
    ],
)
def test_quotes_are_kept(shell: str, line: str) -> None:
    assert shown({"A": "it's \\"}, shell) == line


@pytest.mark.parametrize("shell", ["sh", "fish", "powershell", "dotenv"])
def test_a_reason_stands_above_its_variable(shell: str) -> None:
    lines = shown({"A": "b", "C": "d"}, shell, {"C": "it's why"}).splitlines()
    assert lines[1] == "# it's why"
    assert lines == [shown({"A": "b"}, shell), lines[1], shown({"C": "d"}, shell)]


def test_plain_values_stay_bare_in_dotenv() -> None:
    assert shown({"HTTP_PROXY": "http://127.0.0.1:8080"}, "dotenv") == "HTTP_PROXY=http://127.0.0.1:8080"


BOUND = Addresses(
    proxy="0.0.0.0:8080", https="0.0.0.0:2", http="0.0.0.0:3", dns="0.0.0.0:4", smtp="[::]:1025", smtps="0.0.0.0:6",
    dashboard="http://127.0.0.1:8025", ca="/data/ca.pem",
)  # fmt: skip


def test_wildcards_become_an_address_clients_can_use() -> None:
    routed = routing(BOUND.seen_from("10.0.0.5"), Path("/data/ca-bundle.pem"))
    assert routed["HTTPS_PROXY"] == routed["https_proxy"] == "http://10.0.0.5:8080"
    assert (routed["SMTP_HOST"], routed["SMTP_PORT"]) == ("10.0.0.5", "1025")


def test_stores_are_replaced_by_the_bundle_and_nodes_is_added_to() -> None:
    routed = routing(BOUND, Path("/data/ca-bundle.pem"))
    assert routed["SSL_CERT_FILE"] == routed["REQUESTS_CA_BUNDLE"] == "/data/ca-bundle.pem"
    assert routed["NODE_EXTRA_CA_CERTS"] == "/data/ca.pem"


def test_nothing_but_loopback_goes_past_the_proxy() -> None:
    routed = routing(BOUND, Path("/b"))
    assert routed["NO_PROXY"] == routed["no_proxy"] == "localhost,127.0.0.1,::1"
