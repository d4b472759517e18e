"""A gateway on `::`: every entrance takes clients of both families, mail as well, and records who they were."""

import smtplib
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import dns.message
import dns.query
import pytest
from running import PATIENCE, Running, started

HOSTS = ("127.0.0.1", "::1")
BOTH = pytest.mark.parametrize("host", HOSTS, ids=["ipv4", "ipv6"])


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("families")
    given = {
        "SOUNDSTAGE_BIND": "::",
        "SOUNDSTAGE_STEER_TO": "127.0.0.1,::1",
        "SOUNDSTAGE_DASHBOARD_BIND": "::",
        "SOUNDSTAGE_DASHBOARD_HOSTS": "localhost,::",
        "SOUNDSTAGE_ADMIN_TOKEN_FILE": str(folder / "data" / "admin.token"),
    }
    with started(folder, given) as one:
        yield one


def port_of(running: Running, name: str) -> int:
    place = running.addresses[name]
    return urlsplit(place if "//" in place else f"//{place}").port or 0


@BOTH
@pytest.mark.parametrize("name", ["proxy", "socks", "https", "http", "smtp", "smtps", "dns", "dashboard"])
def test_an_entrance_takes_both(running: Running, name: str, host: str) -> None:
    socket.create_connection((host, port_of(running, name)), PATIENCE).close()


@BOTH
def test_a_question_over_udp_is_answered(running: Running, host: str) -> None:
    asked = dns.message.make_query("api.example.com", "A")
    answer = dns.query.udp(asked, host, timeout=PATIENCE, port=port_of(running, "dns"))
    assert [str(one) for found in answer.answer for one in found] == ["127.0.0.1"]


@BOTH
def test_mail_is_recorded_with_its_senders_address(running: Running, host: str) -> None:
    with smtplib.SMTP(host, port_of(running, "smtp"), timeout=PATIENCE) as mail:
        mail.sendmail("a@shop.test", ["b@example.com"], f"Subject: by {host}\r\n\r\nhello\r\n")
    [found] = running.wait_for(subject=f"by {host}")
    assert found["source"] == host
