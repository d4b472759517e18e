"""A captured mail sent on from the Inbox, through the running gateway, judged by what the relay received."""

import smtplib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from relay_server import RelayServer, relay_server
from running import NO_TLS, Running, started

MESSAGE = b"From: shop@shop.example\r\nTo: ann@customer.example\r\nSubject: Hi\r\n\r\n.dot\r\nh\xc3\xa9llo\r\n"


def opted_in(name: str, recipients: str, port: int) -> str:
    ends = (datetime.now(UTC) + timedelta(days=2)).strftime("%Y-%m-%d")
    return (
        f"  - id: {name}\n    email: {{to: ['{recipients}']}}\n"
        f"    via: smtp://127.0.0.1:{port}\n    addresses: [127.0.0.1/32]\n"
        f"    why: QA reads mail in its own client\n    owner: qa\n    expires: {ends}\n"
    )


@dataclass(frozen=True)
class Stage:
    """A Soundstage with two relays it may use, one of which refuses every message, and a client of its API."""

    running: Running
    relay: RelayServer
    api: httpx.AsyncClient


@pytest.fixture(scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    refusing = RelayServer(replies={"message": "550 5.7.1 not here"})
    async with relay_server(RelayServer()) as relay, relay_server(refusing):
        rows = opted_in("qa-mailboxes", "*@qa.example.com", relay.port)
        rows += opted_in("full-mailboxes", "*@full.example.com", refusing.port)
        with started(tmp_path_factory.mktemp("release"), policy=f"version: 1\nopt_in:\n{rows}") as running:
            headers = {"authorization": f"Bearer {running.token}"}
            where = running.addresses["dashboard"]
            async with httpx.AsyncClient(
                base_url=where, headers=headers, trust_env=False, timeout=60, verify=NO_TLS
            ) as api:
                yield Stage(running, relay, api)


def captured(running: Running) -> str:
    with smtplib.SMTP(*running.place("smtp")) as smtp:
        smtp.sendmail("shop@shop.example", ["ann@customer.example"], MESSAGE, mail_options=["BODY=8BITMIME"])
    return str(running.captures(channel="email")[0]["id"])


async def test_a_mail_is_released_only_to_whom_the_policy_opts_in(stage: Stage) -> None:
    shown, relay = captured(stage.running), stage.relay

    async def release(to: str) -> str:
        headers = {"hx-request": "true", "hx-target": "div#message"}
        return (await stage.api.post(f"/inbox/{shown}/release", data={"to": to}, headers=headers)).text

    assert "It stayed here: no opt-in matches" in await release("ann@customer.example")
    assert "It stayed here:" in await release("bo@qa.example.com ann@customer.example")
    assert "is not a plain mail address" in await release("bo%customer.example@qa.example.com")
    assert relay.connections == 0, "nothing was even dialled"
    assert "The relay took it (250)." in await release("bo@qa.example.com")
    assert relay.data == MESSAGE.replace(b"\r\n.dot", b"\r\n..dot") + b".\r\n"
    assert [line for line in relay.lines if line.startswith("RCPT")] == ["RCPT TO:<bo@qa.example.com> NOTIFY=NEVER"]


async def test_what_was_released_is_told_apart(stage: Stage) -> None:
    shown = captured(stage.running)
    answer = await stage.api.post(f"/inbox/{shown}/release", data={"to": "bo@full.example.com"})
    made = answer.headers["location"].rpartition("/")[2]
    told = (await stage.api.get(f"/api/captures/{made}")).json()
    assert (await stage.api.get(f"/api/captures/{made}/raw")).content == MESSAGE
    assert (told["verdict"], told["rule"], told["left"]) == ("allow", "full-mailboxes", True)
    assert "released" in told["flags"]
    assert told["reply"]["status"] == 550
    assert f"Released from capture {shown}" in told["session"]["transcript"]


async def test_what_is_not_there_cannot_be_released(stage: Stage) -> None:
    before = stage.relay.connections
    assert (await stage.api.post("/inbox/none/release", data={"to": "bo@qa.example.com"})).status_code == 404
    assert stage.relay.connections == before
