"""What an answer repeats of a request's secrets is kept nowhere, however often it was written down on the way."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote

import pytest

from ledger.kept import value_in
from ledger.masking import Masker
from ledger.row import row_of
from policies.body import Body
from policies.describe import describe
from policies.http_request import HttpRequest
from policies.pack import Packs
from policies.policy_file import load_policy
from sinks.filing import filed
from sinks.http_sink import HttpSink
from sinks.objects import NoObjects
from sinks.passage import Passage

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ID = "0192f0c1-2345-7abc-8def-0123456789ab"
FORM = {"content-type": "application/x-www-form-urlencoded", "authorization": "Bearer sk_test_51Sound"}


def passage_and_sink(
    body: str, headers: Mapping[str, str], host: str = "api.stripe.com", path: str = "/v1/payment_intents"
) -> tuple[Passage, HttpSink]:
    request = HttpRequest(
        method="POST",
        scheme="https",
        names=(("host", host),),
        target=path,
        headers=tuple(headers.items()),
        source="127.0.0.1",
        body=Body.of(body.encode()),
    )
    packs = Packs.built_in()
    effect, known = describe(request, packs, run="ci-1")
    decision = load_policy([], packs=packs, own_sockets=[], now=NOW).decide(effect, NOW)
    return Passage(request, known, effect, decision, ID, NOW), HttpSink(packs, NoObjects(), b"s" * 32, {})


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("amount=1&currency=eur&confirm=true&metadata[password]=hunter2-and-more", id="by-its-name"),
        pytest.param("amount=1&currency=eur&confirm=true&metadata[note]=sk_live_hunter2andmore", id="by-its-shape"),
        pytest.param("amount=1&currency=eur&metadata[password]=hunter2%2Dand%2Dmore", id="escaped"),
    ],
)
async def test_a_secret_that_an_object_repeats_is_not_kept_with_it(body: str) -> None:
    passage, sink = passage_and_sink(body, FORM)
    reply = await sink.answer(passage)
    assert b"hunter2" in reply.body, "the answer repeats it, as the provider's would"

    row = row_of(filed(passage, reply, left=False, masker=Masker(b"k" * 32)))

    assert row.objects
    assert "hunter2" not in repr(row)


async def test_a_secret_found_within_an_escaped_text_is_kept_nowhere() -> None:
    headers = {"content-type": "application/json", "authorization": "Bearer sk_test_51Sound"}
    key = quote(quote("-----BEGIN PRIVATE KEY-----\nhunter2/and/more\n-----END PRIVATE KEY-----"))
    passage, sink = passage_and_sink(json.dumps({"client_secret": key}), headers, path="/v2/things")
    reply = await sink.answer(passage)
    assert b"hunter2" in reply.body, "the answer repeats it, as the provider's would"
    assert "hunter2" not in repr(row_of(filed(passage, reply, left=False, masker=Masker(b"k" * 32))))


async def test_an_object_without_secrets_is_kept_as_it_was_answered() -> None:
    passage, sink = passage_and_sink("amount=4200&currency=eur&metadata[order]=A1001", FORM)
    reply = await sink.answer(passage)

    row = row_of(filed(passage, reply, left=False, masker=Masker(b"k" * 32)))

    # The object is the answer, which lies beside it.
    (((*_, collection, key), gone),) = row.objects
    assert not gone
    assert value_in(str(row.evidence.kept), row.evidence.reply_body, collection, key) == json.loads(reply.body)


async def test_a_number_that_an_object_repeats_of_a_card_is_not_kept_with_it() -> None:
    """An amount may be a card's number by its digits: what is kept is an object all the same, and is recorded."""
    passage, sink = passage_and_sink("amount=4242424242424242&currency=eur", FORM)
    reply = await sink.answer(passage)
    assert b'"amount":4242424242424242' in reply.body

    record = filed(passage, reply, left=False, masker=Masker(b"k" * 32))

    (kept,) = record.keep
    assert kept.value["amount"].startswith("[removed:card_number:")
    assert kept.value["created"] == int(NOW.timestamp())
    assert "4242424242424242" not in repr(kept.value)


async def test_an_object_that_no_utf8_can_say_is_kept_without_its_secrets() -> None:
    """Half a surrogate pair, as JSON may write it, must not keep a call from being recorded."""
    headers = {"content-type": "application/json", "authorization": "Bearer xoxb-1-2-abc"}
    body = '{"channel":"#ops","text":"hunter2-and-more \\udfff","password":"hunter2-and-more"}'
    passage, sink = passage_and_sink(body, headers, "slack.com", "/api/chat.postMessage")
    reply = await sink.answer(passage)

    record = filed(passage, reply, left=False, masker=Masker(b"k" * 32))

    assert record.keep
    kept = row_of(record).evidence.kept
    assert kept is not None
    assert "hunter2" not in kept
