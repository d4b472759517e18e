"""The captures API, asked over HTTP, over a real ledger."""

from collections.abc import AsyncIterator
from email.message import EmailMessage

import httpx
import pytest
from dashboard_stage import Stage, capture, mail, staged
from running import PATIENCE

from ledger.record import Record

RAW = b"From: shop@example.com\r\nTo: ann@example.com\r\nSubject: Order\r\n\r\nYour code is 482913\r\n\xff\x00"


def with_attachment() -> bytes:
    message = EmailMessage()
    message["Subject"] = "Invoice"
    message.set_content("See https://shop.example.com/orders/1 and use code 482913.")
    message.add_alternative('<p><a href="https://shop.example.com/orders/1">Order</a></p>', subtype="html")
    message.add_attachment(b"<script>alert(1)</script>", maintype="text", subtype="html", filename='../../a";x.html')
    return message.as_bytes()


def charge(key: str) -> Record:
    return capture(
        channel="payment", host="api.stripe.com", scheme="https", port=443, method="POST", path="/v1/charges",
        provider="stripe", operation="charge.create", facts={"amount": 4200, "currency": "eur"}, status=200, run="ci-1",
        raw=b'{"a": 1}', content_type="application/json", request_headers=(("x-key", key),), query="expand=1",
        reply_headers=(("content-type", "application/json"),), reply_body=b'{"id": "ch_1"}',
    )  # fmt: skip


@pytest.fixture(scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with staged(tmp_path_factory.mktemp("captures")) as running:
        yield running


@pytest.fixture(scope="module")
async def ids(stage: Stage) -> dict[str, str]:
    return {
        "order": await stage.add(mail("Order", ["ann@example.com"], RAW)),
        "invoice": await stage.add(mail("Invoice", ["bo@example.com"], with_attachment(), run="ci-1")),
        "charge": await stage.add(charge("one")),
    }


@pytest.fixture(scope="module")
async def client(stage: Stage, ids: dict[str, str]) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=stage.url, headers=stage.bearer, timeout=PATIENCE) as opened:
        yield opened


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("", ["charge", "invoice", "order"], id="newest-first"),
        pytest.param("channel=email", ["invoice", "order"], id="channel"),
        pytest.param("run=ci-1", ["charge", "invoice"], id="run"),
        pytest.param("run=ci-1&channel=email", ["invoice"], id="combined-with-and"),
        pytest.param("provider=stripe&operation=charge.create", ["charge"], id="provider-and-operation"),
        pytest.param("host=api.stripe.com", ["charge"], id="host"),
        pytest.param("to=ann@example.com", ["order"], id="recipient"),
        pytest.param("to=*@example.com", ["invoice", "order"], id="recipient-pattern"),
        pytest.param("from=shop", ["invoice", "order"], id="sender"),
        pytest.param("subject=order", ["order"], id="subject"),
        pytest.param("left=false&verdict=capture", ["charge", "invoice", "order"], id="left-and-verdict"),
        pytest.param("left=true", [], id="nothing-left"),
        pytest.param("q=482913", ["invoice", "order"], id="full-text"),
        pytest.param("until=2020-01-01T00:00:00Z", [], id="until"),
        pytest.param("since=2020-01-01", ["charge", "invoice", "order"], id="since-a-day"),
        pytest.param("limit=1", ["charge"], id="limit"),
    ],
)
async def test_filters(client: httpx.AsyncClient, ids: dict[str, str], query: str, expected: list[str]) -> None:
    answer = await client.get(f"/api/captures?{query}")
    assert answer.status_code == 200
    assert [item["id"] for item in answer.json()["items"]] == [ids[name] for name in expected]


async def test_a_cursor_goes_on_where_the_page_ended(client: httpx.AsyncClient, ids: dict[str, str]) -> None:
    first = (await client.get("/api/captures?limit=2")).json()
    second = (await client.get("/api/captures", params={"limit": 2, "after": first["next"]})).json()
    assert [item["id"] for item in second["items"]] == [ids["order"]]
    assert second["next"] is None


@pytest.mark.parametrize(
    ("query", "parameter", "value"),
    [
        pytest.param("verdict=maybe", "verdict", "maybe", id="no-such-verdict"),
        pytest.param("channel=fax", "channel", "fax", id="no-such-channel"),
        pytest.param("chanel=email", "chanel", "email", id="misspelt-parameter"),
        pytest.param("left=perhaps", "left", "perhaps", id="neither-true-nor-false"),
        pytest.param("since=yesterday", "since", "yesterday", id="no-time"),
        pytest.param("limit=1001", "limit", "1001", id="limit-too-high"),
        pytest.param("limit=0", "limit", "0", id="limit-too-low"),
        pytest.param("after=made-up", "after", "made-up", id="made-up-cursor"),
        pytest.param("run=", "run", "", id="empty-value"),
        pytest.param("run=a&run=b", "run", "b", id="given-twice"),
        pytest.param("q=" + "x" * 1001, "q", "x" * 200, id="too-long"),
    ],
)
async def test_what_is_wrong_is_named(client: httpx.AsyncClient, query: str, parameter: str, value: str) -> None:
    answer = await client.get(f"/api/captures?{query}")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    said = answer.json()
    assert (said["parameter"], said["value"]) == (parameter, value)
    assert parameter in said["detail"]


async def test_a_misspelt_parameter_is_told_what_was_meant(client: httpx.AsyncClient) -> None:
    assert "Did you mean channel?" in (await client.get("/api/captures?chanel=email")).json()["detail"]
    refused = await client.delete("/api/captures?limit=3")
    assert refused.json()["detail"] == "limit: there is no such parameter (its value is '3')."


async def test_a_capture_has_every_field_of_the_contract(client: httpx.AsyncClient, ids: dict[str, str]) -> None:
    shown = (await client.get(f"/api/captures/{ids['charge']}")).json()
    assert shown["target"] == {
        "scheme": "https", "host": "api.stripe.com", "port": 443, "method": "POST", "path": "/v1/charges",
    }  # fmt: skip
    for name in ("id", "at", "run", "source", "channel", "intent", "provider", "operation", "protocol", "verdict"):
        assert shown[name]
    assert shown["left"] is False
    assert shown["headers"] == [["x-key", "one"]]
    assert (shown["query"], shown["body"], shown["reply_body"]) == ("expand=1", '{"a": 1}', '{"id": "ch_1"}')


async def test_a_mail_is_shown_with_what_is_in_it(client: httpx.AsyncClient, ids: dict[str, str]) -> None:
    shown = (await client.get(f"/api/captures/{ids['invoice']}")).json()
    assert "use code 482913" in shown["text"]
    assert shown["html"].startswith("<p><a")
    assert shown["links"] == ["https://shop.example.com/orders/1"]
    assert shown["codes"] == ["482913"]
    (attached,) = shown["attachments"]
    assert attached["size"] == 25
    assert len(shown["parts"]) == 3


async def test_raw_is_what_was_sent_to_the_octet(client: httpx.AsyncClient, ids: dict[str, str]) -> None:
    answer = await client.get(f"/api/captures/{ids['order']}/raw")
    assert answer.content == RAW
    assert answer.headers["content-type"] == "application/octet-stream"


async def test_a_part_is_a_download_whatever_it_says_it_is(client: httpx.AsyncClient, ids: dict[str, str]) -> None:
    shown = (await client.get(f"/api/captures/{ids['invoice']}")).json()
    answer = await client.get(f"/api/captures/{ids['invoice']}/parts/{shown['attachments'][0]['n']}")
    assert answer.content == b"<script>alert(1)</script>"
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"
    said = answer.headers["content-disposition"]
    assert said.startswith('attachment; filename="')
    assert ("/" not in said, said.count('"')) == (True, 2)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        pytest.param("none", 404, id="unknown-id"),
        pytest.param("none/raw", 404, id="unknown-raw"),
        pytest.param("{order}/parts/9", 404, id="no-such-part"),
        pytest.param("{order}/parts/-1", 404, id="negative-part"),
        pytest.param("{order}/parts/x", 422, id="part-that-is-no-number"),
        pytest.param("{charge}/parts/0", 404, id="part-of-no-mail"),
        pytest.param("%00", 404, id="nul"),
        pytest.param("'%20OR%201=1", 404, id="sql"),
    ],
)
async def test_what_is_not_there(client: httpx.AsyncClient, ids: dict[str, str], path: str, status: int) -> None:
    answer = await client.get("/api/captures/" + path.format(**ids))
    assert answer.status_code == status
    assert answer.json()["detail"].endswith(".")


async def test_removal_asks_the_gateway_with_what_was_asked(stage: Stage, client: httpx.AsyncClient) -> None:
    answer = await client.delete("/api/captures?run=ci-1&from=shop&left=false&until=2026-01-02T03:04:05%2B01:00")
    assert (answer.status_code, answer.json()) == (200, {"removed": 3})
    asked = stage.gateway.purged.pop()
    assert asked == {"run": "ci-1", "sender": "shop", "left": False, "until": "2026-01-02T02:04:05Z"}


async def test_a_misspelt_filter_removes_nothing(stage: Stage, client: httpx.AsyncClient) -> None:
    assert (await client.delete("/api/captures?runn=ci-1")).status_code == 422
    assert (await client.delete("/api/captures?limit=5")).status_code == 422
    assert stage.gateway.purged == []


async def test_an_open_run_keeps_its_evidence(stage: Stage, client: httpx.AsyncClient) -> None:
    stage.gateway.refusal = "Run ci-1 is still open and would lose 2 captures."
    answer = await client.delete("/api/captures")
    stage.gateway.refusal = None
    stage.gateway.purged.clear()
    assert (answer.status_code, answer.json()["detail"]) == (409, "Run ci-1 is still open and would lose 2 captures.")


async def test_the_document_names_every_route_and_filter(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    assert set(document["paths"]) >= {
        "/healthz", "/readyz", "/metrics", "/api/captures", "/api/captures/wait", "/api/captures/{capture_id}",
        "/api/captures/{capture_id}/raw", "/api/captures/{capture_id}/parts/{n}", "/api/policy/explain", "/api/live",
    }  # fmt: skip
    named = {parameter["name"] for parameter in document["paths"]["/api/captures"]["get"]["parameters"]}
    assert named == {
        "run", "channel", "provider", "operation", "verdict", "left", "host", "to", "from", "subject", "q",
        "flag", "since", "until", "after", "limit", "window",
    }  # fmt: skip
