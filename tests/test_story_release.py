"""A captured mail sent on from the Inbox, through the running gateway, judged by what the relay received."""

import smtplib
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from house import House
from relay_server import RelayServer, relay_server

MESSAGE = b"From: shop@shop.example\r\nTo: ann@customer.example\r\nSubject: Hi\r\n\r\n.dot\r\nh\xc3\xa9llo\r\n"


def policy(port: int) -> str:
    ends = (datetime.now(UTC) + timedelta(days=2)).strftime("%Y-%m-%d")
    return (
        "version: 1\nopt_in:\n  - id: qa-mailboxes\n    email: {to: ['*@qa.example.com']}\n"
        f"    via: smtp://127.0.0.1:{port}\n    addresses: [127.0.0.1/32]\n"
        f"    why: QA reads mail in its own client\n    owner: qa\n    expires: {ends}\n"
    )


def captured(house: House) -> str:
    host, _, port = house.addresses["smtp"].partition(":")
    with smtplib.SMTP(host, int(port)) as smtp:
        smtp.sendmail("shop@shop.example", ["ann@customer.example"], MESSAGE, mail_options=["BODY=8BITMIME"])
    return str(house.captures(channel="email")[0]["id"])


async def test_a_mail_is_released_only_to_whom_the_policy_opts_in() -> None:
    async with relay_server(RelayServer()) as relay:
        with House(policy=policy(relay.port)) as house:
            shown = captured(house)
            headers = {"authorization": f"Bearer {house.token}", "hx-request": "true", "hx-target": "div#message"}
            async with httpx.AsyncClient(
                base_url=house.addresses["dashboard"], headers=headers, trust_env=False, timeout=30
            ) as client:

                async def release(to: str) -> str:
                    return (await client.post(f"/inbox/{shown}/release", data={"to": to})).text

                assert "It stayed here: no opt-in matches" in await release("ann@customer.example")
                assert "It stayed here:" in await release("bo@qa.example.com ann@customer.example")
                assert "is not a plain mail address" in await release("bo%customer.example@qa.example.com")
                assert relay.connections == 0, "nothing was even dialled"
                assert "The relay took it (250)." in await release("bo@qa.example.com")
        assert relay.data == MESSAGE.replace(b"\r\n.dot", b"\r\n..dot") + b".\r\n"
        assert [line for line in relay.lines if line.startswith("RCPT")] == ["RCPT TO:<bo@qa.example.com> NOTIFY=NEVER"]


async def test_what_was_released_is_told_apart() -> None:
    async with relay_server(RelayServer(replies={"message": "550 5.7.1 not here"})) as relay:
        with House(policy=policy(relay.port)) as house:
            shown = captured(house)
            headers = {"authorization": f"Bearer {house.token}"}
            async with httpx.AsyncClient(
                base_url=house.addresses["dashboard"], headers=headers, trust_env=False, timeout=30
            ) as client:
                answer = await client.post(f"/inbox/{shown}/release", data={"to": "bo@qa.example.com"})
                made = answer.headers["location"].rpartition("/")[2]
                told = (await client.get(f"/api/captures/{made}")).json()
                assert (await client.get(f"/api/captures/{made}/raw")).content == MESSAGE
    assert (told["verdict"], told["rule"], told["left"]) == ("allow", "qa-mailboxes", True)
    assert "released" in told["flags"]
    assert told["reply"]["status"] == 550
    assert f"Released from capture {shown}" in told["session"]["transcript"]


@pytest.mark.parametrize("path", ["/inbox/none/release"])
async def test_what_is_not_there_cannot_be_released(path: str) -> None:
    async with relay_server(RelayServer()) as relay:
        with House(policy=policy(relay.port)) as house:
            headers = {"authorization": f"Bearer {house.token}"}
            async with httpx.AsyncClient(
                base_url=house.addresses["dashboard"], headers=headers, trust_env=False
            ) as client:
                assert (await client.post(path, data={"to": "bo@qa.example.com"})).status_code == 404
        assert relay.connections == 0
