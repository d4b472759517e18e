"""No secret is kept: each credential's way in with a secret of its own, then every byte that Soundstage keeps or shows.

One running Soundstage gets all rows; what it wrote, printed and answers is searched for all secrets at once.
"""

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import secret_octets
import secret_rows
import secret_tokens
from running import PROJECT, Running, clean_environment, started
from secret_places import places
from secret_requests import Asked, Secret
from secret_search import Searched, fresh
from secret_sender import NOBODYS, PERHAPS, POLICY, SecretSender

from demo.staging_accounts import shop_settings

WAYS = ("door", "mitm", "http2")
UNSAYABLE = ("query-in-fragment-http2",)
"""What an ordinary HTTP/2 client cannot be made to say."""
ORDINARY = [row for name in secret_rows.ROWS for way in WAYS if (row := f"{name}-{way}") not in UNSAYABLE]
EVERY = [*ORDINARY, *secret_octets.ROWS, *secret_tokens.ROWS]
SDKS = {
    "twilio": "QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDoxMTEx",
    "sendgrid": "SG." + "a" * 22 + "." + "b" * 43,
    "slack_web": "xoxb-1-2-staging",
    "slack_webhook": "s" * 24,
    "firebase_admin": "assertion=eyJ",
}
"""The SDK calls, and of each the credential as it goes over the wire."""
TEXT = "Your code is 493817, the link https://shop.test/confirm?token=keep-me-whole and the password is hunter2."


def send(sender: SecretSender, name: str, secret: Secret) -> None:
    octets = secret_octets.ROWS.get(name) or secret_tokens.ROWS.get(name)
    if octets is not None:
        octets(sender, secret)
        return
    row, _, way = name.rpartition("-")
    asked: Asked = secret_rows.ROWS[row](secret)
    if way == "http2":
        sender.ask_by_http2(asked)
    else:
        sender.ask(asked, {"door": NOBODYS, "mitm": PERHAPS}[way])


def call_sdk(running: Running, name: str, settings: dict[str, str]) -> None:
    subprocess.run(
        [sys.executable, str(PROJECT / "tests" / "sdk_calls.py"), name],
        env={**clean_environment(), **running.env(), **settings},
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=300,
    )


class Day:
    """All rows sent, and everything searched for them."""

    def __init__(self, running: Running, folder: Path) -> None:
        self.running = running
        self.folder = folder
        self.sent = {name: self._secret(name) for name in EVERY}
        self.sender = SecretSender(running)
        settings = shop_settings(folder)
        with ThreadPoolExecutor(8) as senders:
            list(senders.map(lambda one: send(self.sender, *one), self.sent.items()))
            list(senders.map(lambda name: call_sdk(running, name, settings), SDKS))
        self.message()
        self.places = list(places(running, folder))
        self.searched = Searched(self.sent.items(), self.places)

    def _secret(self, row: str) -> Secret:
        return secret_tokens.token_of_a_run(self.running) if row in secret_tokens.ROWS else fresh()

    def message(self) -> None:
        """What people need: told in a mail and in a call. Sent last, so that all else is on record once this is."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = "a@shop.test", "needed@example.test", "Your code is 493817"
        mail.set_content(TEXT)
        self.sender.mail("PLAIN", "x", tls=True, mail=mail)
        self.running.wait_for(1, to="needed@example.test")

    def shown(self, **filters: str) -> list[dict[str, Any]]:
        with self.running.api() as api:
            found = api.get("/api/captures", params=filters).raise_for_status().json()["items"]
            return [api.get(f"/api/captures/{item['id']}").raise_for_status().json() for item in found]


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    folder = tmp_path_factory.mktemp("secrets")
    policy = folder / "policy.yaml"
    policy.write_text(POLICY.replace("EXPIRES", (datetime.now(UTC) + timedelta(days=1)).isoformat()))
    with started(folder, {"SOUNDSTAGE_POLICY": str(policy)}) as running:
        yield Day(running, folder)


@pytest.mark.parametrize("name", EVERY)
def test_a_secret_is_kept_nowhere(day: Day, name: str) -> None:
    assert not day.searched.found(name)


def test_every_row_is_on_record(day: Day) -> None:
    alone = {place for place, _ in day.places if place.startswith("/api/captures/") and not place.endswith("/raw")}
    assert len(alone) >= len(EVERY) + len(SDKS)


@pytest.mark.parametrize(("name", "credential"), [pytest.param(*row, id=row[0]) for row in SDKS.items()])
def test_an_sdk_s_credential_is_kept_nowhere(day: Day, name: str, credential: str) -> None:
    assert not [place for place, text in day.places if credential.encode() in text]


def test_what_a_mail_says_is_kept_byte_for_byte(day: Day) -> None:
    (mail,) = day.shown(to="needed@example.test")
    assert mail["facts"]["subject"] == "Your code is 493817"
    with day.running.api() as api:
        assert TEXT.encode() in api.get(f"/api/captures/{mail['id']}/raw").content.replace(b"=\r\n", b"").replace(
            b"=3D", b"="
        )


def test_amounts_recipients_and_keys_of_idempotency_stay(day: Day) -> None:
    asked = Asked(
        "/v1/payment_intents",
        (("authorization", "Bearer sk_test_51abcdefghijk"), ("idempotency-key", "order-4711")),
        b"amount=4200&currency=eur&customer=cus_42&metadata%5Border%5D=A1",
        "application/x-www-form-urlencoded",
        "api.stripe.com",
    )
    day.sender.ask(asked)
    newest = day.shown(operation="payment_intent.create", limit="1")[0]
    assert (newest["facts"]["amount"], newest["facts"]["idempotency_key"]) == (4200, "order-4711")
    with day.running.api() as api:
        assert api.get(f"/api/captures/{newest['id']}/raw").content == asked.body


@pytest.mark.parametrize(
    ("host", "key"),
    [
        pytest.param("api.stripe.com", "Bearer sk_live_51abcdefghijk", id="stripe"),
        pytest.param("api.sendgrid.com", "Bearer SG." + "a" * 22 + "." + "b" * 43, id="sendgrid"),
        pytest.param("slack.com", "Bearer xoxb-1-2-live", id="slack"),
    ],
)
def test_a_live_credential_raises_an_alert(day: Day, host: str, key: str) -> None:
    day.sender.ask(Asked("/v1/alert", (("authorization", key),), b"{}", host=host))
    newest = day.shown(host=host, limit="1")[0]
    assert "live_credential" in newest["flags"]
    assert newest["left"] is False


def processes(top: int) -> Iterator[Path]:
    yield Path(f"/proc/{top}")
    for children in Path(f"/proc/{top}/task").glob("*/children"):
        for child in children.read_text().split():
            yield from processes(int(child))


def test_our_own_secrets_are_in_no_argument_environment_or_file_but_their_own(day: Day) -> None:
    data = day.running.data_dir
    own = {name: (data / name).read_bytes().strip() for name in ("admin.token", "masking.key", "objects.key", "ca.key")}
    shown = [(f"{folder}/{name}", (folder / name).read_bytes()) for folder in processes(day.running.process.pid)
             for name in ("cmdline", "environ")]  # fmt: skip
    assert len(shown) >= 6
    for place, text in [*shown, *day.places]:
        found = [name for name, secret in own.items() if secret in text and place != name]
        assert not found, f"{found} in {place}"


def test_everything_in_the_data_directory_is_its_owner_s_alone(day: Day) -> None:
    data = day.running.data_dir
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
    public = {"addresses.json", "ca.pem", "ca-bundle.pem"}
    loose = {
        str(path.relative_to(data)) for path in data.rglob("*") if path.name not in public and mode_of(path) & 0o077
    }
    assert not loose


def mode_of(path: Path) -> int:
    """Of one that has gone meanwhile none."""
    try:
        return stat.S_IMODE(os.lstat(path).st_mode)
    except FileNotFoundError:
        return 0


def test_no_control_character_of_a_capture_reaches_the_terminal(day: Day) -> None:
    day.sender.ask(Asked("/x%1b%5d0;owned%07", (("x-note", "\x9b31m"),), b"{}"))
    day.sender.octets(b"GET /\x1b]0;owned\x07 HTTP/1.1\r\nHost: x\x1b[31m\r\n\r\n")
    for words in (("captures", "list"), ("captures", "export"), ("captures", "list", "--json")):
        told = day.running.run(*words).stdout
        assert not [char for char in told if ord(char) < 32 and char != "\n"]
    logged = (day.folder / "stderr").read_text(errors="replace")
    assert "\x1b" not in logged
    assert "\x07" not in logged


@pytest.mark.parametrize("name", ["../outside.jsonl", "inside.jsonl"])
def test_an_export_overwrites_nothing(day: Day, tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    target = (tmp_path / "folder" / name).resolve()
    target.write_text("mine")
    told = day.running.run("captures", "export", "--output", str(target))
    assert told.returncode == 2
    assert target.read_text() == "mine"
