"""The HTTP sink: who answers what, refusals with our reason, stub tokens, retries, objects."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from packs_written import packs
from provider_server import KeptInMemory
from requests_seen import request

from ledger.reply import Reply
from policies.decision import Decision, Verdict
from policies.describe import describe
from policies.http_request import HttpRequest
from policies.pack import Packs
from policies.raw_connection import RawConnection
from sinks.emulator import EmulatorUnavailable
from sinks.http_sink import HttpSink
from sinks.objects import NoObjects
from sinks.passage import Passage

JSON = {"content-type": "application/json"}
REASON = "no opt-in matches this"


class House:
    """A sink with the ledger's part played by memory."""

    def __init__(self, known: Packs, **emulators: Any) -> None:
        self.known = known
        self.objects = KeptInMemory()
        self.emulators = emulators
        self.count = 0
        self.restart()

    def restart(self) -> None:
        self.sink = HttpSink(self.known, self.objects, b"secret", self.emulators)

    async def answer(
        self,
        seen: HttpRequest,
        verdict: Verdict = "capture",
        *,
        rule: str = "test",
        commit: bool = True,
        run: str = "r",
    ) -> Reply:
        effect, recognition = describe(seen, self.known, run=run)
        self.count += 1
        capture_id = f"0192f000-0000-7000-8000-{self.count:012d}"
        decision = Decision(verdict=verdict, rule=rule, reason=REASON)
        reply = await self.sink.answer(
            Passage(seen, recognition, effect, decision, capture_id, datetime(2026, 11, 22, 10, self.count, tzinfo=UTC))
        )
        if commit:
            self.objects.record(effect.run, effect.provider or "", capture_id, reply)
        return reply


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(packs(tmp_path))


def send(key: str | None = None, to: str = "+1", credential: str = "Bearer test_1") -> HttpRequest:
    headers = {**JSON, "authorization": credential, **({"idempotency-key": key} if key else {})}
    return request("POST api.acme.example/messages", json.dumps({"to": to, "text": "hi"}).encode(), headers)


def header(reply: Reply, name: str) -> str | None:
    return dict(reply.headers).get(name)


async def test_every_answer_says_what_it_is(house: House) -> None:
    for seen in (send(), request("POST partner.example/")):
        for verdict in ("capture", "deny"):
            reply = await house.answer(seen, verdict)
            assert header(reply, "soundstage-verdict") == verdict
            assert (header(reply, "soundstage-capture") or "").startswith("0192f000-")


@pytest.mark.parametrize(
    ("do", "headers", "status", "body"),
    [
        pytest.param("POST partner.example/", {}, 200, b"captured by Soundstage\n", id="webhook"),
        pytest.param("DELETE partner.example/1", {}, 200, b"captured by Soundstage\n", id="delete"),
        pytest.param("GET partner.example/", {"accept": "application/json"}, 200, b"{}", id="reader-of-json"),
        pytest.param("OPTIONS partner.example/", {}, 204, b"", id="preflight"),
        pytest.param("PATCH api.acme.example/nothing", {}, 200, b"{}", id="undescribed"),
    ],
)
async def test_generic_answers(house: House, do: str, headers: dict[str, str], status: int, body: bytes) -> None:
    reply = await house.answer(request(do, headers=headers))
    assert (reply.status, reply.body, reply.fidelity) == (status, body, "generic")


async def test_a_problem_of_a_host_nobody_knows(house: House) -> None:
    reply = await house.answer(request("GET partner.example/x"), "deny")
    told = json.loads(reply.body)
    assert (reply.status, reply.fidelity) == (403, "refused")
    assert header(reply, "content-type") == "application/problem+json"
    assert told["detail"] == REASON
    assert told["capture"] == "0192f000-0000-7000-8000-000000000001"
    assert "to: partner.example" in told["opt_in"]


async def test_a_refusal_by_an_opt_in_says_which_one_stands_in_the_way(house: House) -> None:
    reply = await house.answer(request("GET partner.example/x"), "deny", rule="held")
    assert json.loads(reply.body)["opt_in"].endswith(
        "# Opt-in held decides this now: where both are equally specific, write this in its place, not beside it.\n"
    )
    reply = await house.answer(request("GET partner.example/x"), "deny", rule="default:web")
    assert "decides this now" not in json.loads(reply.body)["opt_in"]


async def test_no_opt_in_is_proposed_for_what_nothing_opens(house: House) -> None:
    reply = await house.answer(request("GET 127.0.0.1:8080/x"), "deny", rule="never:own-socket")
    assert json.loads(reply.body)["opt_in"] == f"# nothing opens this: {REASON}\n"


async def test_a_providers_refusal_has_our_reason(house: House) -> None:
    reply = await house.answer(send(), "deny")
    assert (reply.status, reply.fidelity, json.loads(reply.body)) == (403, "refused", {"error": REASON})
    form = request(
        "POST api.acme.example/legacy", b"Action=Send&To=%3Cb%3E", {"content-type": "application/x-www-form-urlencoded"}
    )
    assert b"<Error><Message>no opt-in matches this</Message></Error>" in (await house.answer(form, "deny")).body


async def test_tokens_are_stubs_also_where_denied(house: House) -> None:
    seen = request("POST api.acme.example/token")
    reply = await house.answer(seen, "deny")
    assert reply.status == 200
    assert json.loads(reply.body)["access_token"].startswith("stub_")
    assert (await house.answer(seen, "deny", rule="never:metadata")).status == 403
    names = (("host", "api.acme.example"), ("sni", "evil.example"))
    assert (await house.answer(request("POST x/token", names=names), "deny")).status == 403


async def test_an_answer_in_the_providers_shape(house: House) -> None:
    body = json.dumps({"to": "+1", "parts": [{"name": "a"}, {"name": "b"}]}).encode()
    reply = await house.answer(request("POST api.acme.example/messages", body, JSON))
    told = json.loads(reply.body)
    assert (reply.status, reply.fidelity, header(reply, "content-type")) == (201, "shaped", "application/json")
    assert told["parts"] == [{"n": 0, "name": "a"}, {"n": 1, "name": "b"}]
    assert told["at"] == int(datetime(2026, 11, 22, 10, 1, tzinfo=UTC).timestamp())
    assert len(header(reply, "x-request-id") or "") == 36


async def test_answers_in_other_shapes(house: House) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    xml = await house.answer(request("POST api.acme.example/legacy", b"Action=Send&To=%3Cb%3E", form))
    assert xml.body.endswith(b'<SendResponse xmlns="urn:acme"><Item><To>&lt;b&gt;</To></Item></SendResponse>')
    sse = await house.answer(request("POST api.acme.example/stream"))
    assert sse.body == b'event: start\ndata: {"a":1}\n\ndata: [DONE]\n\n'


async def test_what_was_created_can_be_read_before_and_after_its_commit(house: House) -> None:
    for commit in (False, True):
        made = json.loads((await house.answer(send(to=f"+{commit}"), commit=commit)).body)
        read = await house.answer(request(f"GET api.acme.example/messages/{made['id']}"))
        assert json.loads(read.body) == made
    listed = json.loads((await house.answer(request("GET api.acme.example/messages"))).body)
    assert listed == {"items": [made]}
    await house.answer(request(f"DELETE api.acme.example/messages/{made['id']}"))
    assert (await house.answer(request(f"GET api.acme.example/messages/{made['id']}"))).status == 404
    assert (await house.answer(request(f"GET api.acme.example/messages/{made['id']}"), run="other")).status == 404


async def test_a_retry_gets_the_first_answer(house: House) -> None:
    first = await house.answer(send("k"), commit=False)
    early = await house.answer(send("k"), commit=False)
    assert (early.body, early.attempt_of) == (first.body, "0192f000-0000-7000-8000-000000000001")
    assert (early.keep, early.replay) == (first.keep, first.replay), "its commit is not known of: kept again"
    house.objects.record("r", "acme", "0192f000-0000-7000-8000-000000000001", first)
    late = await house.answer(send("k"))
    assert (late.body, late.keep, late.replay) == (first.body, (), None)
    assert header(late, "x-replayed") == "yes"
    assert [name for name, _ in late.headers].count("soundstage-capture") == 1
    house.restart()
    assert (await house.answer(send("k"))).body == first.body


async def test_a_masked_answer_is_made_again(house: House) -> None:
    first = await house.answer(send("k"))
    house.restart()
    given = datetime(2026, 11, 22, 10, 1, tzinfo=UTC)
    for place, stored in list(house.objects.replays.items()):
        masked = first.body.replace(b"msg_", b"[removed:id:000000]")
        house.objects.replays[place] = replace(stored, body=masked, at=given)
    assert (await house.answer(send("k"))).body == first.body


async def test_one_of_two_at_once_waits_for_the_other(house: House) -> None:
    replies = await asyncio.gather(*(house.answer(send("k"), commit=False) for _ in range(5)))
    assert len({reply.body for reply in replies}) == 1
    assert [reply.attempt_of is None for reply in replies].count(True) == 1


@pytest.mark.parametrize(
    ("seen", "same"),
    [
        pytest.param(send("k", credential="Bearer test_2"), False, id="another-credential"),
        pytest.param(send("other"), False, id="another-key"),
        pytest.param(send(), False, id="no-key"),
    ],
)
async def test_what_is_no_retry(house: House, seen: HttpRequest, same: bool) -> None:
    first = await house.answer(send("k"))
    assert ((await house.answer(seen)).body == first.body) is same
    assert (await house.answer(send("k"), run="another")).body != first.body


async def test_the_same_key_with_another_body(house: House) -> None:
    await house.answer(send("k"))
    reply = await house.answer(send("k", to="+2"))
    assert (reply.status, json.loads(reply.body)) == (409, {"error": "other request"})
    assert reply.flags == ("idempotency_conflict",)


class Broken:
    async def answer(self, passage: Passage) -> Reply:
        raise EmulatorUnavailable("it did not start")


@pytest.mark.parametrize("emulators", [pytest.param({}, id="none"), pytest.param({"s3": Broken()}, id="broken")])
async def test_without_its_emulator_a_provider_refuses(emulators: dict[str, Any]) -> None:
    reply = await House(Packs.built_in(), **emulators).answer(request("PUT b.s3.amazonaws.com/k", b"x"))
    assert (reply.status, reply.fidelity, reply.flags) == (403, "refused", ("unanswered",))
    assert b"<Code>AccessDenied</Code>" in reply.body


async def test_a_hostile_list_is_not_answered_item_by_item(house: House) -> None:
    body = b'{"to": "+1", "parts": [' + b"0," * 20_000 + b"0]}"
    reply = await house.answer(request("POST api.acme.example/messages", body, JSON))
    assert (reply.status, reply.flags) == (403, ("unanswered",))


async def test_only_http_is_answered() -> None:
    seen = RawConnection("127.0.0.1", (), 1)
    effect, _ = describe(seen, Packs.built_in(), run="r")
    passage = Passage(seen, None, effect, Decision(verdict="deny", rule="r", reason="x"), "1", datetime.now(UTC))
    with pytest.raises(TypeError, match="not RawConnection"):
        await HttpSink(Packs.built_in(), NoObjects(), b"s", {}).answer(passage)
