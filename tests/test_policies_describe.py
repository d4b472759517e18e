"""Descriptions: what each kind of thing seen is as an effect, and whom it reaches."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packs_written import packs
from requests_seen import FORM, request

from policies.body import Body
from policies.describe import describe
from policies.dns_question import DnsQuestion
from policies.effect import Effect
from policies.http_request import HttpRequest
from policies.mail import Mail
from policies.pack import Packs
from policies.raw_connection import RawConnection
from policies.recognition import Recognition


def described(seen: Any, known: Packs | None = None) -> Effect:
    effect = describe(seen, known or Packs.built_in(), run="r", flags=("given",))[0]
    assert Effect.model_validate(effect.model_dump()) == effect
    return effect


@pytest.mark.parametrize(
    ("do", "channel", "intent"),
    [
        pytest.param("POST partner.example/hook", "webhook", "write", id="post"),
        pytest.param("PUT partner.example/hook", "web", "write", id="put"),
        pytest.param("DELETE partner.example/hook", "web", "write", id="delete"),
        pytest.param("BREW partner.example/pot", "web", "write", id="unknown-method"),
        pytest.param("GET partner.example/", "web", "read", id="get"),
        pytest.param("HEAD partner.example/", "web", "read", id="head"),
        pytest.param("OPTIONS partner.example/", "web", "read", id="options"),
        pytest.param("POST api.stripe.com/v1/charges", "payment", "write", id="known"),
        pytest.param("GET api.stripe.com/v1/charges", "payment", "read", id="known-read"),
        pytest.param("POST slack.com/api/users.list", "chat", "read", id="read-by-post"),
        pytest.param("GET slack.com/api/chat.postMessage", "chat", "write", id="write-by-get"),
        pytest.param("POST oauth2.googleapis.com/token", "web", "auth", id="token"),
        pytest.param("GET hooks.slack.com/nothing", "chat", "write", id="undescribed-is-a-write"),
    ],
)
def test_channel_and_intent(do: str, channel: str, intent: str) -> None:
    effect = described(request(do))
    assert (effect.channel, effect.intent) == (channel, intent)


def test_what_a_pack_does_not_describe_is_flagged() -> None:
    assert described(request("GET hooks.slack.com/nothing")).flags == ("given", "generic")
    assert described(request("POST api.stripe.com/v1/tax_rates")).flags == ("given", "generic")
    assert described(request("POST api.stripe.com/v1/charges")).flags == ("given",)


@pytest.mark.parametrize(
    ("recipients", "reached"),
    [
        pytest.param('"a@x.example"', ("a@x.example",), id="plain"),
        pytest.param('"A B <a@x.example>"', ("a@x.example",), id="named"),
        pytest.param('"\\"B, A\\" <a@x.example>"', ("a@x.example",), id="quoted-name"),
        pytest.param('"a@x.example, b@y.example"', None, id="two-in-one"),
        pytest.param('"a@x.example <b@y.example>"', None, id="an-address-as-name"),
        pytest.param('"a@x.example;b@y.example"', None, id="semicolon"),
        pytest.param('"a@y.example@x.example"', None, id="two-ats"),
        pytest.param('"a@x.example\\nBcc: b@y.example"', None, id="line-break"),
        pytest.param('"\\"a b\\"@x.example"', None, id="quoted-local-part"),
        pytest.param("7", None, id="no-text"),
        pytest.param('""', None, id="empty"),
    ],
)
def test_recipients_of_mail_are_single_plain_addresses(recipients: str, reached: tuple[str, ...] | None) -> None:
    body = f'{{"FromEmailAddress": "s@x.example", "Destination": {{"ToAddresses": [{recipients}]}}}}'.encode()
    do = "POST email.eu-west-1.amazonaws.com/v2/email/outbound-emails"
    assert described(request(do, body, {"content-type": "application/json"})).recipients == reached


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"to": "+1", "to": "+2"}', id="name-twice"),
        pytest.param(b'{"to": "+1"', id="cut-short"),
        pytest.param(b"\xff", id="no-text"),
    ],
)
def test_a_body_that_cannot_be_relied_on_names_nobody(tmp_path: Path, body: bytes) -> None:
    seen = request("POST api.acme.example/messages", body, {"content-type": "application/json"})
    effect = described(seen, packs(tmp_path))
    assert (effect.operation, effect.intent) == ("message.create", "write")
    assert effect.recipients is None
    assert "malformed" in effect.flags


@pytest.mark.parametrize(
    ("query", "reached"),
    [
        pytest.param("", ("+15550100",), id="the-form-alone"),
        pytest.param("?To=%2B4915112345678", None, id="a-recipient-in-the-query-too"),
        pytest.param("?To=%2B15550100", None, id="a-query-at-all"),
    ],
)
def test_a_query_beside_a_form_leaves_in_doubt_whom_it_reaches(query: str, reached: tuple[str, ...] | None) -> None:
    do = f"POST api.twilio.com/2010-04-01/Accounts/AC1/Messages.json{query}"
    seen = request(do, b"To=%2B15550100&From=%2B15550199&Body=hi", {"content-type": FORM})
    assert described(seen).recipients == reached


@pytest.mark.parametrize(
    ("content_type", "reached"),
    [
        pytest.param(f"{FORM}; charset=UTF-8", ("+15550100",), id="utf-8"),
        pytest.param(f"{FORM}; charset=utf-7", None, id="utf-7"),
        pytest.param(f'{FORM}; charset="ibm500"', None, id="ebcdic"),
    ],
)
def test_a_charset_in_which_the_octets_are_other_text_names_nobody(
    content_type: str, reached: tuple[str, ...] | None
) -> None:
    do = "POST api.twilio.com/2010-04-01/Accounts/AC1/Messages.json"
    assert described(request(do, b"To=%2B15550100&Body=hi", {"content-type": content_type})).recipients == reached


def test_a_body_that_is_not_held_names_nobody(tmp_path: Path) -> None:
    seen = request("POST api.acme.example/messages", headers={"content-type": "application/json"})
    long = HttpRequest(
        seen.method, seen.scheme, seen.names, seen.target, seen.headers, seen.source, Body(None, 9_000_000, "0" * 64)
    )
    effect = described(long, packs(tmp_path))
    assert (effect.intent, effect.recipients) == ("write", None)
    assert "unread_body" in effect.flags


@pytest.mark.parametrize(
    ("do", "headers", "credential"),
    [
        pytest.param("GET api.acme.example/messages", {}, "none", id="none"),
        pytest.param("GET api.acme.example/messages", {"Authorization": "Bearer test_1"}, "test", id="test"),
        pytest.param("GET api.acme.example/messages", {"Authorization": "bearer live_1"}, "live", id="live"),
        pytest.param("GET api.acme.example/messages", {"Authorization": "live_1"}, "live", id="bare"),
        pytest.param(
            "GET api.acme.example/messages", {"Authorization": "Bearer test_1, Bearer live_1"}, "live", id="two-in-one"
        ),
        pytest.param(
            "GET api.acme.example/messages", {"Authorization": "Bearer test_1 live_1"}, "live", id="two-words"
        ),
        pytest.param("GET api.acme.example/messages", {"Authorization": "Basic bGl2ZV8xOg=="}, "live", id="basic"),
        pytest.param("GET api.acme.example/messages", {"Authorization": "Bearer x"}, "unknown", id="unknown"),
        pytest.param("GET eu.sandbox.acme.example/messages", {"Authorization": "Bearer x"}, "test", id="by-host"),
        pytest.param(
            "GET a.sandbox.acme.example/messages", {"Authorization": "Bearer live_1"}, "live", id="live-anyway"
        ),
        pytest.param(
            "GET api.acme.example/messages?key=live_1",
            {"Authorization": "Bearer test_1"},
            "live",
            id="live-beside-test",
        ),
    ],
)
def test_credentials(tmp_path: Path, do: str, headers: dict[str, str], credential: str) -> None:
    assert described(request(do, headers=headers), packs(tmp_path)).credential == credential


def test_names_that_disagree() -> None:
    names = (("connect", "api.stripe.com:443"), ("host", "evil.example"))
    effect = described(request("GET x/", names=names))
    assert effect.conflicts


def test_facts_are_bounded() -> None:
    body = b"To=%2B1&Body=" + b"x" * 100_000
    effect = described(request("POST api.twilio.com/2010-04-01/Accounts/A/Messages.json", body, {"content-type": FORM}))
    assert len(effect.facts["text"]) == 2000
    assert effect.recipients == ("+1",)


def test_how_bodies_are_kept() -> None:
    def known(do: str) -> Recognition:
        found = describe(request(do), Packs.built_in(), run="r")[1]
        assert found is not None
        return found

    assert known("PUT b.s3.amazonaws.com/k").keeps_body_exactly
    assert known("POST api.twilio.com/2010-04-01/Accounts/A/Messages.json").message_body
    assert not known("POST api.stripe.com/v1/charges").message_body
    assert not known("POST partner.example/").keeps_body_exactly
    assert known("POST hooks.slack.com/services/T/B/x").secrets[0].where == "path"


def test_a_mail() -> None:
    raw = b"From: Shop <shop@x.example>\r\nTo: c@y.example\r\nSubject: Your order\r\nMessage-ID: <1@x>\r\n\r\nhi\r\n"
    mail = Mail("bounce@x.example", ("a@y.example", "b@y.example"), Body.of(raw), "127.0.0.1", "smtp", 25)
    effect = described(mail)
    assert Effect.model_validate(effect.model_dump()) == effect
    assert (effect.channel, effect.intent, effect.protocol, effect.target.host) == ("email", "write", "smtp", "mail")
    assert effect.recipients == ("a@y.example", "b@y.example")
    assert effect.facts == {
        "from": "bounce@x.example",
        "to": ["a@y.example", "b@y.example"],
        "subject": "Your order",
        "message_id": "<1@x>",
    }


def test_a_question() -> None:
    effect = described(DnsQuestion("Api.Stripe.com", "AAAA", "127.0.0.1", "dns", b""))
    assert (effect.channel, effect.intent, effect.target.host, effect.target.method) == (
        "dns",
        "read",
        "api.stripe.com",
        "AAAA",
    )


def test_a_connection() -> None:
    effect = described(RawConnection("127.0.0.1", (("sni", "db.example"),), 5432))
    assert (effect.channel, effect.intent, effect.target.host, effect.target.port) == (
        "socket",
        "connect",
        "db.example",
        5432,
    )


HOSTS = ["api.stripe.com", "slack.com", "api.sendgrid.com", "email.x.amazonaws.com", "fcm.googleapis.com"]
PATHS = ["/", "/v1/payment_intents", "/api/chat.postMessage", "/v3/mail/send", "/v1/projects/p/messages:send", "/b/k"]
TYPES = ["application/json", FORM, "text/xml", "multipart/form-data; boundary=B", ""]
ODD = [b'{"personalizations": 5}', b'{"message": []}', b"Action=SendRawEmail", b'{"blocks": "["}']


@given(
    st.sampled_from([*HOSTS, "b.s3.amazonaws.com"]),
    st.sampled_from(PATHS),
    st.sampled_from(TYPES),
    st.binary(max_size=120) | st.sampled_from(ODD),
)
def test_nothing_a_client_sends_makes_it_raise(host: str, path: str, content_type: str, body: bytes) -> None:
    effect = described(request(f"POST {host}{path}", body, {"content-type": content_type}))
    assert effect.provider is not None
    effect.model_dump_json()
