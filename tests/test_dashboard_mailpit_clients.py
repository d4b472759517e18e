"""Published clients of Mailpit and MailHog, of PyPI and npm: their own examples, only the address is another one."""

import json
import smtplib
import subprocess
from collections.abc import Iterator
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from mailpit.client.api import API
from node_packages import node, suite
from running import Running, started

TESTS = Path(__file__).resolve().parent
PLAIN = (
    b"Delivered-To: recipient@example.com\r\nDate: Wed, 27 Jul 2022 15:44:41 +1200\r\n"
    b"From: Sender Smith <sender@example.com>\r\nTo: Recipient Ross <recipient@example.com>\r\n"
    b"Subject: Plain text message\r\nMessage-ID: <20220727034441.7za34h6ljuzfpmj6@localhost.localhost>\r\n"
    b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n"
    b"Lorem ipsum dolor sit amet, \r\nfringilla ex vel.\r\n"
)


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One of its own: the clients delete everything."""
    with started(tmp_path_factory.mktemp("clients")) as running:
        yield running


def url_of(gateway: Running) -> str:
    return gateway.addresses["dashboard"].replace("//", f"//anybody:{gateway.token}@") + "/mailpit"


def send(gateway: Running, octets: bytes) -> str:
    """By SMTP; the id it is known by."""
    with smtplib.SMTP(*gateway.place("smtp")) as client:
        client.sendmail("sender@example.com", ["recipient@example.com"], octets)
    return str(gateway.wait_for(subject=message_from_bytes(octets, policy=policy.default)["Subject"])[0]["id"])


def with_files() -> bytes:
    """One attached, one inline."""
    made = message_from_bytes(PLAIN.replace(b"Plain text", b"With files"), policy=policy.SMTP)
    made.make_mixed()
    made.add_attachment(b"This is a test attachment\n", "text", "plain", filename="attachment.txt")
    content = b"This is an inline attachment\n"
    made.add_attachment(content, "text", "plain", filename="attachment_inline.txt", disposition="inline")
    return made.as_bytes()


def test_mailpit_api_client_reads_what_was_sent(gateway: Running) -> None:
    """`mailpit-api-client` 1.0.0 of PyPI: what its own integration tests ask of a Mailpit."""
    api = API(url_of(gateway))
    api.delete_messages([])
    assert api.get_messages().messages == []
    plain, files = send(gateway, PLAIN), send(gateway, with_files())
    listed = api.get_messages()
    assert [one.id for one in listed.messages] == [files, plain]
    assert (listed.total, listed.count, listed.unread) == (2, 2, 2)
    message = api.get_message(plain)
    assert (message.subject, message.read, message.html) == ("Plain text message", True, "")
    assert message.message_id == "20220727034441.7za34h6ljuzfpmj6@localhost.localhost"
    assert (message.from_.name, message.from_.address) == ("Sender Smith", "sender@example.com")
    assert [(one.name, one.address) for one in message.to] == [("Recipient Ross", "recipient@example.com")]
    assert message.text == "Lorem ipsum dolor sit amet, \r\nfringilla ex vel.\r\n"
    assert message.date.isoformat() == "2022-07-27T15:44:41+12:00"
    headers = api.get_message_headers(plain)
    assert headers.delivered_to == ["recipient@example.com"]
    assert headers.content_type == ["text/plain; charset=us-ascii"]


def test_mailpit_api_client_fetches_files_and_deletes(gateway: Running) -> None:
    api = API(url_of(gateway))
    api.delete_messages([])
    plain, files = send(gateway, PLAIN), send(gateway, with_files())
    message = api.get_message(files)
    assert [(one.part_id, one.file_name, one.size) for one in message.attachments] == [("2", "attachment.txt", 26)]
    assert [(one.part_id, one.file_name) for one in message.inline] == [("3", "attachment_inline.txt")]
    assert api.get_message_attachment(files, "2") == "This is a test attachment\n"
    assert api.get_message_attachment(files, "3") == "This is an inline attachment\n"
    api.put_messages([plain], "Read", True)
    assert api.get_messages().unread == 0
    api.delete_messages([plain])
    assert [one.id for one in api.get_messages().messages] == [files]


@pytest.fixture(scope="module")
def seen(gateway: Running, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `mailpit-api` and `mailhog` of npm saw, installed from the lock."""
    program = node()
    folder = suite(TESTS / "node_mail", tmp_path_factory.mktemp("npm") / "clients")
    base = gateway.addresses["dashboard"]
    words = [program, "clients.mjs", base, *base.removeprefix("http://").split(":"), gateway.token]
    ran = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stderr
    told: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return told


def test_mailpit_api_of_npm_sends_waits_and_reads(seen: dict[str, Any]) -> None:
    message = seen["message"]
    assert message["ID"] == seen["sent"]
    assert message["To"][0]["Address"] == "test@example.test"
    assert message["From"] == {"Name": "Your App", "Address": "no-reply@your-app.test"}
    assert (message["Subject"], message["Tags"]) == ("Welcome to Our App", ["signup"])
    assert [one["Address"] for one in message["Bcc"]] == ["hidden@example.test"]
    assert seen["headers"] == ["Welcome to Our App"]
    assert "Subject: Welcome to Our App" in seen["source"]
    assert seen["attachment"] == ["application/pdf", "%PDF-1.4 x"]
    assert (seen["waited"], seen["info"], seen["html"], seen["text"].strip()) == (1, 1, True, "Your banana is ready")


def test_mailpit_api_of_npm_marks_tags_and_deletes(seen: dict[str, Any]) -> None:
    assert (seen["empty"], seen["unreadAfterReading"], seen["unreadAgain"], seen["end"]) == (0, 0, 1, 0)
    assert seen["tags"] == ["first", "welcome"]
    assert seen["tagsAfter"] == ["second"]


def test_mailpit_api_of_npm_is_told_why_nothing_left(seen: dict[str, Any]) -> None:
    assert seen["relay"] is False
    assert "403 Forbidden" in seen["refused"]
    assert "mails are captured by default" in seen["refused"]
    assert "501 Not Implemented" in seen["linkCheck"]


def test_mailhog_of_npm_reads_searches_and_deletes(seen: dict[str, Any]) -> None:
    hog, sent = seen["hog"], seen["sent"]
    assert hog["message"]["subject"] == "Welcome to Our App"
    assert hog["message"]["to"] == '"Recipient Name" <test@example.test>'
    assert hog["message"]["attachments"] == [["terms.pdf", "application/pdf", "JVBERi0xLjQgeA=="]]
    assert (hog["from"], hog["to"], hog["nobody"]) == (sent, sent, 0)
    assert hog["found"] >= 1
    assert (hog["deleted"], hog["left"], hog["all"]) == (200, 0, 200)
