"""The API as contract.md promises it, from outside, of a Soundstage as its user starts it."""

import json
from typing import Any

import api_story
import httpx
import pytest
from api_story import RUN, SECRET, Story
from running import NO_TLS

story = api_story.story
"""The shared fixture, made known to this module."""

CAPTURE = {
    "id", "at", "run", "source", "channel", "intent", "provider", "operation", "protocol", "target", "verdict", "rule",
    "reason", "fidelity", "left", "facts", "flags", "payload", "reply",
}  # fmt: skip


def bare(story: Story) -> httpx.Client:
    return httpx.Client(base_url=story.running.addresses["dashboard"], trust_env=False, timeout=60, verify=NO_TLS)


def test_without_credentials_only_probes_answer_and_tell_nothing(story: Story) -> None:
    with bare(story) as nobody:
        assert nobody.get("/healthz").json() == {"status": "ok"}
        ready = nobody.get("/readyz")
        assert (ready.status_code, ready.json()) == (200, {"ready": True})
        for path in ("/metrics", "/openapi.json", "/api/captures", "/api/live", "/api/captures/wait", "/api/policy"):
            answer = nobody.get(path)
            assert answer.status_code == 401, path
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["www-authenticate"].startswith("Bearer")
    assert story.api.get("/readyz").json() == {"ready": True, "missing": []}


def test_metrics_are_prometheus_text(story: Story) -> None:
    answer = story.api.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert "soundstage_gateway_up 1.0" in answer.text
    assert "soundstage_ready 1.0" in answer.text


def test_a_capture_has_exactly_the_promised_shape(story: Story) -> None:
    charge = story.items(channel="payment")[0]
    assert set(charge) == CAPTURE
    assert charge["target"] == {
        "scheme": "https", "host": "api.stripe.com", "port": 443, "method": "POST", "path": "/v1/payment_intents",
    }  # fmt: skip
    assert set(charge["payload"]) == {"content_type", "size", "sha256"}
    assert set(charge["reply"]) == {"status", "size"}
    assert {name: charge[name] for name in ("run", "channel", "intent", "provider", "operation", "protocol")} == {
        "run": RUN, "channel": "payment", "intent": "write", "provider": "stripe",
        "operation": "payment_intent.create", "protocol": "http/1.1",
    }  # fmt: skip
    assert (charge["verdict"], charge["rule"], charge["fidelity"], charge["left"]) == (
        "capture", "default:payment", "shaped", False,
    )  # fmt: skip
    assert charge["reason"] == "no opt-in matches api.stripe.com; payments are captured by default"
    assert (charge["facts"]["amount"], charge["facts"]["currency"]) == (4200, "eur")
    assert charge["facts"]["idempotency_key"] == "order-1"
    assert charge["at"].endswith("Z")
    assert len(charge["at"]) == len("2026-11-22T10:15:30.123456Z")
    mail = story.items(channel="email")[0]
    assert set(mail) == CAPTURE
    assert mail["facts"]["to"] == ["ann@example.com", "bcc@example.com"], "the envelope, not the header"
    assert set(mail["facts"]) == {"from", "to", "subject", "message_id"}
    assert mail["facts"]["subject"] == "Wélcome"


FILTERS = [
    pytest.param({"run": RUN}, {"charge"}, id="run"),
    pytest.param({"run": "unattributed"}, {"mail", "read", "hook"}, id="unattributed"),
    pytest.param({"channel": "webhook"}, {"hook"}, id="channel"),
    pytest.param({"provider": "stripe"}, {"charge"}, id="provider"),
    pytest.param({"operation": "payment_intent.create"}, {"charge"}, id="operation"),
    pytest.param({"verdict": "deny"}, {"read"}, id="verdict"),
    pytest.param({"left": "true"}, set(), id="left"),
    pytest.param({"left": "false"}, {"mail", "charge", "read", "hook"}, id="not-left"),
    pytest.param({"host": "reads.example"}, {"read"}, id="host"),
    pytest.param({"to": "BCC@example.com"}, {"mail"}, id="to"),
    pytest.param({"to": "*@example.com"}, {"mail"}, id="to-wildcard"),
    pytest.param({"from": "shop@shop.example"}, {"mail"}, id="from"),
    pytest.param({"subject": "wélcome"}, {"mail"}, id="subject"),
    pytest.param({"q": "481516"}, {"mail"}, id="text-of-a-mail"),
    pytest.param({"q": "cus_123"}, {"charge"}, id="text-of-a-call"),
    pytest.param({"since": "2020-01-01T00:00:00Z", "until": "2020-01-02T00:00:00Z"}, set(), id="since-and-until"),
    pytest.param({"since": "2020-01-01", "channel": "email", "verdict": "capture"}, {"mail"}, id="with-and"),
    pytest.param({"flag": "live_credential"}, set(), id="flag"),
]


@pytest.mark.parametrize(("query", "expected"), FILTERS)
def test_filters(story: Story, query: dict[str, str], expected: set[str]) -> None:
    names = {"email": "mail", "payment": "charge", "web": "read", "webhook": "hook"}
    assert {names[item["channel"]] for item in story.items(**query)} == expected


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("channel=fax", "channel"), ("verdict=maybe", "verdict"), ("left=perhaps", "left"), ("limit=1001", "limit"),
        ("limit=0", "limit"), ("since=teatime", "since"), ("after=nowhere", "after"), ("run=", "run"),
        ("colour=red", "colour"), ("run=a&run=b", "run"),
    ],
)  # fmt: skip
def test_a_bad_filter_is_named(story: Story, query: str, parameter: str) -> None:
    answer = story.api.get(f"/api/captures?{query}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert parameter in answer.json()["detail"]
    assert {"type", "title", "status", "detail"} <= set(answer.json())


def test_pages_follow_one_another(story: Story) -> None:
    seen: list[str] = []
    query: dict[str, str | int] = {"limit": 3}
    while True:
        page = story.api.get("/api/captures", params=query).json()
        assert set(page) == {"items", "next"}
        seen += [item["id"] for item in page["items"]]
        if page["next"] is None:
            break
        query["after"] = page["next"]
    assert seen == sorted(set(seen), reverse=True), "newest first, none twice"
    assert len(seen) == len(story.items(limit=1000))


def test_waiting_answers_at_once_or_says_what_came(story: Story) -> None:
    there = story.api.get("/api/captures/wait", params={"channel": "email", "count": 1, "timeout": 60})
    assert (there.status_code, len(there.json()["items"])) == (200, 1)
    late = story.api.get("/api/captures/wait", params={"channel": "email", "count": 2, "timeout": 0.1})
    assert late.status_code == 408
    assert set(late.json()) == {"type", "title", "status", "detail", "items", "next"}
    assert len(late.json()["items"]) == 1
    assert late.json()["detail"] == "1 of 2 captures came within 0.1 s."
    assert story.api.get("/api/captures/wait", params={"timeout": 61}).status_code == 422


def test_one_mail_with_all_its_parts(story: Story) -> None:
    found = story.items(channel="email")[0]["id"]
    one = story.api.get(f"/api/captures/{found}").json()
    assert set(one) >= CAPTURE | {"headers", "html", "text", "links", "codes", "attachments", "parts", "session"}
    assert (one["links"], one["codes"]) == (["https://shop.example/confirm/abc"], ["481516"])
    assert "<b>481516</b>" in one["html"]
    attachment = one["attachments"][0]
    assert (attachment["filename"], attachment["content_type"]) == ("terms.pdf", "application/pdf")
    part = story.api.get(f"/api/captures/{found}/parts/{attachment['n']}")
    assert part.content == b"%PDF-1.7"
    assert part.headers["content-type"] == "application/octet-stream"
    assert part.headers["content-disposition"] == 'attachment; filename="terms.pdf"'
    for missing in (f"/api/captures/{found}/parts/99", "/api/captures/none", "/api/captures/none/raw"):
        assert story.api.get(missing).status_code == 404


def test_raw_is_a_mail_as_sent_and_a_call_without_its_credentials(story: Story) -> None:
    mail, charge, hook = (story.items(channel=name)[0] for name in ("email", "payment", "webhook"))
    assert story.api.get(f"/api/captures/{mail['id']}/raw").content == story.mail
    body = story.api.get(f"/api/captures/{charge['id']}/raw").content
    assert body == b"amount=4200&currency=eur&customer=cus_123"
    assert b"hunter22" not in story.api.get(f"/api/captures/{hook['id']}/raw").content
    whole = story.api.get(f"/api/captures/{charge['id']}").text
    assert SECRET not in whole
    assert "[removed:" in whole


def test_answers_of_our_own_making_say_so(story: Story) -> None:
    for name, verdict in (("charge", "capture"), ("hook", "capture"), ("read", "deny")):
        headers = story.answers[name].headers
        assert headers["soundstage-verdict"] == verdict
        assert story.api.get(f"/api/captures/{headers['soundstage-capture']}").json()["verdict"] == verdict
    refused = story.answers["read"]
    assert (refused.status_code, refused.headers["content-type"]) == (403, "application/problem+json")
    told = refused.json()
    assert {"type", "title", "detail", "capture", "opt_in"} <= set(told)
    assert told["detail"] == story.items(verdict="deny")[0]["reason"]


@pytest.mark.parametrize(
    ("question", "verdict", "opt_in"),
    [
        ({"method": "POST", "url": "https://api.stripe.com/v1/charges", "headers": {}}, "capture", "api.stripe.com"),
        ({"method": "GET", "url": "https://reads.example/"}, "deny", "to: reads.example"),
        ({"email": {"to": ["ann@qa.example.com"]}}, "capture", "ann@qa.example.com"),
        ({"email": {"from": "a@b.example", "to": ["a@c.example"], "subject": "x"}}, "capture", "via: smtp://"),
    ],
    ids=["write", "read", "mail", "whole-mail"],
)
def test_explain(story: Story, question: dict[str, Any], verdict: str, opt_in: str) -> None:
    told = story.api.post("/api/policy/explain", json=question).json()
    assert set(told) == {"verdict", "rule", "reason", "opt_in"}
    assert told["verdict"] == verdict
    assert opt_in in told["opt_in"]
    assert told["rule"].startswith("default:")


@pytest.mark.parametrize("question", [{}, {"url": "no-address"}, {"email": {"to": []}}, {"url": "http://a", "x": 1}])
def test_explain_refuses_what_is_no_question(story: Story, question: dict[str, Any]) -> None:
    before = len(story.items(limit=1000))
    assert story.api.post("/api/policy/explain", json=question).status_code == 422
    assert len(story.items(limit=1000)) == before, "a question is no attempt"


def events(story: Story, count: int, **headers: str) -> list[tuple[str, dict[str, Any]]]:
    found, number = [], ""
    with story.api.stream("GET", "/api/live", headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            name, _, value = line.partition(": ")
            if name == "id":
                number = value
            elif name == "data":
                found.append((number, json.loads(value)))
                if len(found) == count:
                    break
    return found


def test_the_live_stream_goes_on_where_it_stopped(story: Story) -> None:
    everything = events(story, 4, **{"Last-Event-ID": "0"})
    assert [set(item) for _, item in everything] == [CAPTURE] * 4
    resumed = events(story, 2, **{"Last-Event-ID": everything[1][0]})
    assert resumed == everything[2:]
    wrong = story.api.get("/api/live", headers={"Last-Event-ID": "yesterday"})
    assert wrong.status_code == 422


def test_what_an_open_run_needs_is_not_deleted(story: Story) -> None:
    for query in ({"run": RUN}, {}):
        answer = story.api.delete("/api/captures", params=query)
        assert answer.status_code == 409
        assert f"the run '{RUN}' is still open" in answer.json()["detail"]
    assert len(story.items(run=RUN)) == 1
    assert story.api.delete("/api/captures", params={"host": "nobody.example"}).json() == {"removed": 0}


PROMISED = {
    ("get", "/healthz"), ("get", "/readyz"), ("get", "/metrics"), ("get", "/api/captures"),
    ("delete", "/api/captures"), ("get", "/api/captures/wait"), ("get", "/api/captures/{capture_id}"),
    ("get", "/api/captures/{capture_id}/raw"), ("get", "/api/captures/{capture_id}/parts/{n}"),
    ("post", "/api/policy/explain"), ("get", "/api/live"),
    ("post", "/api/runs"), ("get", "/api/runs"), ("get", "/api/runs/{run_id}"), ("post", "/api/runs/{run_id}/finish"),
    ("post", "/api/runs/{run_id}/windows"), ("post", "/api/runs/{run_id}/settle"), ("post", "/api/runs/{run_id}/renew"),
    ("post", "/api/runs/{run_id}/contained"), ("post", "/api/runs/{run_id}/verify"), ("post", "/api/schedule"),
    ("post", "/api/doctor"), ("get", "/api/doctor"), ("get", "/api/doctor/{report_id}"),
}  # fmt: skip


def test_the_document_describes_every_route_its_answers_and_errors(story: Story) -> None:
    document = story.api.get("/openapi.json").json()
    described = {(method, path) for path, methods in document["paths"].items() for method in methods}
    assert described == PROMISED
    for method, path in PROMISED:
        answers = document["paths"][path][method]["responses"]
        good = answers["201" if "201" in answers else "200"]
        assert good.get("content"), f"{method} {path} says nothing of its answer"
        for status, answer in answers.items():
            if status >= "400" and path != "/readyz":
                assert set(answer["content"]) <= {"application/problem+json", "application/json"}, (path, status)
                schema = json.dumps(answer["content"])
                assert schema.count("ProblemShape") == 1 or "TimedOut" in schema, (path, status)
        if path.startswith("/api/"):
            assert "401" in answers, f"{method} {path} does not say that it needs credentials"
    shape = document["components"]["schemas"]["CaptureShape"]
    assert set(shape["properties"]) == CAPTURE | {"attempt_of", "window"}
    assert set(shape["required"]) == CAPTURE
    assert document["components"]["securitySchemes"]
