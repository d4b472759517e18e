"""Bad input and bad luck while it runs: each gets a clear error, and nothing that was told yes is lost."""

import contextlib
import json
import os
import resource
import signal
import smtplib
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from misfortune import KEPT, PATIENCE, captured, hear, post, say
from running import Running, started


@pytest.mark.parametrize("entrance", ["proxy", "http"])
def test_oversized_body_is_told_and_found_under_its_host(gateway: Running, entrance: str) -> None:
    host = f"oversized-{entrance}.test"
    head = f"POST http://{host}/upload HTTP/1.1\r\nHost: {host}\r\nContent-Length: {2**40}\r\n\r\n"
    told, _, body = hear(say(gateway, entrance, head.encode())).partition(b"\r\n\r\n")
    assert told.startswith(b"HTTP/1.1 413 ")
    assert json.loads(body)["detail"] == "the request's body is longer than the 1073741824 octets that are read"
    (capture,) = gateway.wait_for(host=host)
    assert (capture["verdict"], capture["left"], capture["flags"]) == ("deny", False, ["oversized"])
    assert capture["id"] == json.loads(body)["capture"]


def test_oversized_mail_is_told_and_the_session_goes_on(gateway: Running) -> None:
    with smtplib.SMTP(*gateway.place("smtp"), timeout=PATIENCE) as session:
        session.ehlo()
        assert session.mail("a@shop.test", ["SIZE=999999999"])[0] == 552
        session.sendmail("a@shop.test", ["ann@after-the-big-one.test"], "Subject: small\r\n\r\nhello")
    assert gateway.wait_for(to="ann@after-the-big-one.test")[0]["facts"]["subject"] == "small"


@pytest.mark.parametrize("entrance", ["proxy", "http"])
@pytest.mark.parametrize(
    ("octets", "said"),
    [
        pytest.param(b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "the request line 'SSH-2.0-OpenSSH_9.6' is not", id="ssh"),
        pytest.param(b"\0\1\2 octets\r\n\r\n", "the request's head contains a NUL", id="octets"),
        pytest.param(b"GET / HTTP/9.9\r\nHost: a.test\r\n\r\n", "'GET / HTTP/9.9' is not", id="http-of-the-future"),
        pytest.param(b"GET nowhere HTTP/1.1\r\nHost: a.test\r\n\r\n", "target 'nowhere' is neither", id="no-target"),
    ],
)
def test_request_that_is_no_http_is_told_and_kept(gateway: Running, entrance: str, octets: bytes, said: str) -> None:
    told, _, body = hear(say(gateway, entrance, octets)).partition(b"\r\n\r\n")
    assert told.startswith(b"HTTP/1.1 400 ")
    problem = json.loads(body)
    assert said in problem["detail"]
    with gateway.api() as api:
        capture = api.get(f"/api/captures/{problem['capture']}").json()
        kept = api.get(f"/api/captures/{problem['capture']}/raw").content
    assert (capture["verdict"], capture["left"], capture["flags"]) == ("deny", False, ["malformed"])
    assert said in capture["facts"]["what"]
    # Of bytes that are no text the first 16 are kept, of text the head: what follows may hold what must not be kept.
    assert kept == (octets[:16] if b"\0" in octets else octets.partition(b"\r\n\r\n")[0])


def test_stop_with_open_connections_claims_nothing_that_was_only_begun(tmp_path: Path) -> None:
    with started(tmp_path) as running:
        half = [
            say(running, "proxy", b"POST http://half.test/ HTTP/1.1\r\nHost: half.test\r\nContent-Length: 9\r\n\r\n"),
            say(running, "proxy", b"CONNECT half.test:443 HTTP/1.1\r\nHost: half.test:443\r\n\r\n"),
            say(running, "https", b"\x16\x03\x01"),
            say(running, "smtp", b"EHLO a\r\nMAIL FROM:<a@half.test>\r\nRCPT TO:<b@half.test>\r\nDATA\r\nhalf a mail"),
        ]
        assert post(running, KEPT).startswith(b"HTTP/1.1 200 ")
        running.process.send_signal(signal.SIGINT)
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(PATIENCE) == 0
        for connection in half:
            connection.close()
    assert (tmp_path / "stderr").read_text() == ""
    assert captured(tmp_path / "data") == 1


@contextlib.contextmanager
def few_descriptors(running: Running) -> Iterator[None]:
    """Two dozen more than gateway and dashboard have open, and afterwards as many as they had."""
    before = {pid: resource.prlimit(pid, resource.RLIMIT_NOFILE) for pid in running.processes().values()}
    assert len(before) == 2
    for pid, (_, hard) in before.items():
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (len(list(Path(f"/proc/{pid}/fd").iterdir())) + 24, hard))
    try:
        yield
    finally:
        for pid, limits in before.items():
            resource.prlimit(pid, resource.RLIMIT_NOFILE, limits)


def test_no_free_file_descriptor_delays_and_loses_nothing(mended_gateway: Running) -> None:
    host = "late.partner.test"
    with few_descriptors(mended_gateway):
        crowd = [socket.create_connection(mended_gateway.place("proxy"), timeout=PATIENCE) for _ in range(80)]
        late = say(mended_gateway, "proxy", f"POST http://{host}/ HTTP/1.0\r\nHost: {host}\r\n\r\n".encode())
        for connection in crowd:
            connection.close()
        assert hear(late).startswith(b"HTTP/1.1 200 ")
        assert "Too many open files" in mended_gateway.said()
        assert mended_gateway.wait_for(host=host)


def test_dashboard_that_is_killed_holds_no_traffic_up(mended_gateway: Running) -> None:
    os.kill(mended_gateway.processes()["dashboard"], signal.SIGKILL)
    assert post(mended_gateway, KEPT).startswith(b"HTTP/1.1 200 ")
    with mended_gateway.api() as api:
        waiting = api.get("/api/captures/wait", params={"host": KEPT, "timeout": "30"})
    assert waiting.json()["items"], "a page asked for meanwhile waits for the next dashboard"
