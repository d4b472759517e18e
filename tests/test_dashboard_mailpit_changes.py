"""What Mailpit's API changes: marks and tags, removal, release and sending: each by the gateway, or not at all."""

import base64
from collections.abc import AsyncIterator
from email import message_from_bytes
from typing import Any

import httpx
import pytest
import pytest_asyncio
from dashboard_stage import ADMIN, Stage, staged
from mailbox_stage import records
from running import PATIENCE

ROOT = "/mailpit/api/v1"
ALLOWED = {"capture": "", "verdict": "allow", "rule": "qa", "reason": "opted in", "left": True, "status": 250}


@pytest_asyncio.fixture(scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    """Three mails; every test leaves them unread and without tags."""
    async with staged(tmp_path_factory.mktemp("mailpit")) as made:
        await made.add(*records())
        yield made


@pytest_asyncio.fixture(scope="module")
async def api(stage: Stage) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        base_url=stage.url, auth=("anybody", ADMIN), trust_env=False, timeout=PATIENCE
    ) as client:
        yield client


async def ids(api: httpx.AsyncClient) -> list[str]:
    return [one["ID"] for one in (await api.get(f"{ROOT}/messages")).json()["messages"]]


async def test_tags_are_set_renamed_and_dropped(api: httpx.AsyncClient) -> None:
    newest, other, _ = await ids(api)
    await api.put(f"{ROOT}/tags", json={"IDs": [newest, other], "Tags": ["Signup", "first"]})
    await api.put(f"{ROOT}/tags", json={"IDs": [other], "Tags": ["first"]})
    assert (await api.get(f"{ROOT}/tags")).json() == ["first", "signup"]
    assert (await api.get(f"{ROOT}/info")).json()["Tags"] == {"first": 2, "signup": 1}
    assert (await api.put(f"{ROOT}/tags/Signup", json={"Name": "welcome"})).text == "ok"
    assert (await api.delete(f"{ROOT}/tags/first")).text == "ok"
    assert (await api.get(f"{ROOT}/tags")).json() == ["welcome"]
    refused = await api.put(f"{ROOT}/tags", json={"IDs": [newest], "Tags": ["two words"]})
    assert refused.status_code == 400
    assert "A tag is one word" in refused.json()["detail"]
    await api.put(f"{ROOT}/tags", json={"IDs": [newest], "Tags": []})
    assert (await api.get(f"{ROOT}/tags")).json() == []


@pytest.mark.parametrize(
    ("body", "read"),
    [
        pytest.param({"Read": True}, 3, id="all"),
        pytest.param({"read": True, "ids": [0]}, 1, id="named-in-any-case"),
        pytest.param({"Read": True, "Search": "to:bob@x.test"}, 2, id="searched"),
        pytest.param({"Read": True, "Search": "your -code"}, 1, id="sieved"),
        pytest.param({"Read": True, "Search": "nowhere"}, 0, id="nothing-found"),
        pytest.param({"Read": False}, 0, id="unread"),
    ],
)
async def test_mails_are_marked(api: httpx.AsyncClient, body: dict[str, Any], read: int) -> None:
    body = {**body, **({"ids": (await ids(api))[:1]} if "ids" in body else {})}
    assert (await api.put(f"{ROOT}/messages", json=body)).text == "ok"
    assert (await api.get(f"{ROOT}/messages")).json()["unread"] == 3 - read
    await api.put(f"{ROOT}/messages", json={"Read": False})


@pytest.mark.parametrize(
    ("method", "path", "content", "said"),
    [
        pytest.param("PUT", "/messages", b"{", "The body is no JSON", id="no-json"),
        pytest.param("DELETE", "/messages", b"nonsense", "The body is no JSON", id="nothing-is-deleted-for-nonsense"),
        pytest.param("DELETE", "/messages", b'"all"', "no JSON object but str", id="no-object"),
        pytest.param("PUT", "/messages", b'{"IDs": "all"}', "ids: 'all' is no list of texts", id="no-list"),
        pytest.param("PUT", "/messages", b'{"Read": "yes"}', "read: 'yes' is neither true nor false", id="no-flag"),
        pytest.param("PUT", "/messages", b'{"IDs": ["a"], "Search": "b"}', "Either IDs or a search", id="both"),
        pytest.param("DELETE", "/search", b"", "There is no search query", id="nothing-searched"),
        pytest.param("DELETE", "/search?query=is:red", b"", "is: 'red' is not known", id="wrong-search"),
        pytest.param("GET", "/search", b"", "There is no search query", id="no-search"),
        pytest.param("GET", "/search?query=a&tz=Atlantis/Deep", b"", "is no time zone known here", id="time-zone"),
        pytest.param("GET", "/search?query=a&tz=../../etc/passwd", b"", "is no time zone", id="no-path-is-made-of-it"),
    ],
)
async def test_what_cannot_be_read_changes_nothing(
    api: httpx.AsyncClient, stage: Stage, method: str, path: str, content: bytes, said: str
) -> None:
    before = list(stage.gateway.purged)
    answer = await api.request(method, ROOT + path, content=content)
    assert answer.status_code == 400
    assert said in answer.json()["detail"]
    assert stage.gateway.purged == before


async def test_removal_asks_the_gateway_for_exactly_these(api: httpx.AsyncClient, stage: Stage) -> None:
    newest, _, oldest = await ids(api)
    every = {"channel": "email", "host": "mail"}
    for request, purged in (
        (api.request("DELETE", f"{ROOT}/messages", json={"IDs": [newest]}), {**every, "ids": (newest,)}),
        (api.request("DELETE", f"{ROOT}/messages", data={"ids": [newest, oldest]}), {**every, "ids": (newest, oldest)}),
        (api.delete(f"{ROOT}/messages"), every),
        (api.delete(f"{ROOT}/search", params={"query": "subject:reset -welcome"}), {**every, "ids": (oldest,)}),
        (api.delete(f"{ROOT}/search", params={"query": "tag:x"}), {**every, "label": "x"}),
        (api.delete(f"{ROOT}/search", params={"query": "nowhere"}), {**every, "ids": ()}),
    ):
        assert (await request).text == "ok"
        assert stage.gateway.purged[-1] == purged


async def test_an_open_run_keeps_its_mails(api: httpx.AsyncClient, stage: Stage) -> None:
    stage.gateway.refusal = "the run 'ci-1' is still open and would lose captures; finish it first"
    answer = await api.delete(f"{ROOT}/messages")
    stage.gateway.refusal = None
    assert answer.status_code == 409
    assert answer.json()["detail"] == "the run 'ci-1' is still open and would lose captures; finish it first."


async def test_a_mail_is_released_by_the_policy_alone(api: httpx.AsyncClient, stage: Stage) -> None:
    newest = (await ids(api))[0]
    stage.gateway.outcome = {**ALLOWED, "verdict": "capture", "reason": "no opt-in matches", "left": False}
    refused = await api.post(f"{ROOT}/message/{newest}/release", json={"To": ["qa@x.test"]})
    assert (refused.status_code, refused.json()["detail"]) == (403, "It stayed here: no opt-in matches.")
    stage.gateway.outcome = {**ALLOWED, "status": 550}
    assert (await api.post(f"{ROOT}/message/{newest}/release", json={"To": ["qa@x.test"]})).status_code == 502
    stage.gateway.outcome = ALLOWED
    assert (await api.post(f"{ROOT}/message/latest/release", json=["qa@x.test"])).text == "ok"
    assert stage.gateway.released[-1] == (newest, ["qa@x.test"], "127.0.0.1")


async def test_a_mail_that_is_sent_goes_through_the_gate(api: httpx.AsyncClient, stage: Stage) -> None:
    stage.gateway.outcome = {**ALLOWED, "verdict": "capture", "capture": "an-id"}
    sent = {
        "From": {"Name": 'Ann "A" \r\nBcc: evil@x.test', "Email": "ann@shop.test"},
        "To": [{"Email": "john@x.test", "Name": "Jöhn"}],
        "Bcc": ["hidden@x.test"],
        "Subject": "Hé",
        "Text": "hi",
        "HTML": "<b>hi</b>",
        "Headers": {"X-Order": "7"},
        "Attachments": [
            {"Content": base64.b64encode(b"data").decode(), "Filename": "a.bin"},
            {"Content": "data:image/png;base64,iVBO", "ContentID": "pic", "ContentType": "image/png", "Filename": "p"},
        ],
    }
    assert (await api.post(f"{ROOT}/send", json=sent)).json() == {"ID": "an-id"}
    sender, to, octets, source = stage.gateway.handed_in[-1]
    assert (sender, to, source) == ("ann@shop.test", ["john@x.test", "hidden@x.test"], "127.0.0.1")
    made = message_from_bytes(octets)
    assert (made["X-Order"], made["Bcc"], made["From"].endswith("<ann@shop.test>")) == ("7", None, True)
    assert [part.get_content_type() for part in made.walk()][-3:] == [
        "text/html",
        "application/octet-stream",
        "image/png",
    ]
    stage.gateway.outcome = {**ALLOWED, "verdict": "deny", "reason": "mails are denied by default"}
    assert (await api.post(f"{ROOT}/send", json=sent)).status_code == 403


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        pytest.param({"From": {"Email": "no address"}}, "From: 'no address' is no mail address", id="sender"),
        pytest.param({"To": [{"Email": "a@b.c\r\nX: y"}]}, "is no mail address", id="line-break"),
        pytest.param({"To": []}, "To: a mail needs somebody", id="nobody"),
        pytest.param({"Headers": {"To": "x"}}, "the header 'To' cannot be set", id="own-header"),
        pytest.param({"Headers": {"X-A": "b\r\nBcc: c@d.e"}}, "No mail can be made of this", id="header-injection"),
        pytest.param({"Attachments": [{"Content": "%%%"}]}, "is no base64", id="base64"),
        pytest.param({"Subject": 7}, "subject: '7' is no text", id="subject"),
        pytest.param({"To": "all"}, "To: 'all' is no list", id="list"),
    ],
)
async def test_what_is_no_mail_is_refused(
    api: httpx.AsyncClient, stage: Stage, changed: dict[str, Any], said: str
) -> None:
    good = {"From": {"Email": "a@b.test"}, "To": [{"Email": "c@d.test"}], "Subject": "s", "Text": "t"}
    before = len(stage.gateway.handed_in)
    answer = await api.post(f"{ROOT}/send", json={**good, **changed})
    assert answer.status_code == 400
    assert said in answer.json()["detail"]
    assert len(stage.gateway.handed_in) == before
