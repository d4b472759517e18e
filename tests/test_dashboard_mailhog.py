"""MailHog's API over a real dashboard: both versions, with the prefix and without."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from dashboard_stage import ADMIN, Stage, staged
from hypothesis import given
from hypothesis import strategies as st
from mailbox_stage import records, welcome
from running import PATIENCE

from dashboard.mailhog_shapes import leaves
from ledger.mime_budget import DEFAULT
from ledger.mime_head import read_head


@pytest_asyncio.fixture(scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with staged(tmp_path_factory.mktemp("mailhog")) as made:
        await made.add(*records())
        yield made


@pytest_asyncio.fixture(scope="module")
async def api(stage: Stage) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        base_url=stage.url, auth=("anybody", ADMIN), trust_env=False, timeout=PATIENCE
    ) as client:
        yield client


@pytest.mark.parametrize("prefix", ["", "/mailhog"])
async def test_messages_are_as_mailhog_has_them(api: httpx.AsyncClient, prefix: str) -> None:
    told = (await api.get(f"{prefix}/api/v2/messages", params={"limit": 1})).json()
    (item,) = told.pop("items")
    assert told == {"total": 3, "count": 1, "start": 0}
    assert item["From"] == {"Relays": None, "Mailbox": "bounce", "Domain": "shop.test", "Params": ""}
    assert [one["Mailbox"] for one in item["To"]] == ["john", "bob", "carol", "hidden"]
    assert item["Content"]["Headers"]["Message-ID"] == ["<welcome-1@shop.test>"]
    assert item["Content"]["Headers"]["Return-Path"] == ["<bounce@shop.test>"]
    assert item["Content"]["Size"] == len(welcome())
    assert (item["Raw"]["Helo"], item["Raw"]["From"]) == ("app-1", "bounce@shop.test")
    text, pages = item["MIME"]["Parts"][0]["MIME"]["Parts"]
    assert text["Body"].startswith("Hello John, your code is 123456.\r\nBye.")
    assert pages["MIME"]["Parts"][1]["Headers"]["Content-ID"] == ["<logo>"]
    assert item["MIME"]["Parts"][1]["Headers"]["Content-Disposition"] == ['attachment; filename="terms.pdf"']


async def test_the_first_version_lists_and_shows(api: httpx.AsyncClient) -> None:
    items = (await api.get("/mailhog/api/v1/messages")).json()
    assert len(items) == 3
    one = f"/mailhog/api/v1/messages/{items[0]['ID']}"
    assert (await api.get(one)).json() == items[0]
    assert b"Subject:" in (await api.get(f"{one}/download")).content
    part = await api.get(f"{one}/mime/part/1/download")
    assert part.content.strip() == b"JVBERi0xLjQgeA=="
    assert (await api.get(f"{one}/mime/part/7/download")).status_code == 404
    assert (await api.get("/mailhog/api/v1/messages/nobody")).status_code == 404


@pytest.mark.parametrize(
    ("kind", "query", "subjects"),
    [
        pytest.param("to", "bob@x.test", ["Reset", "Welcome"], id="to"),
        pytest.param("to", "hidden@x.test", ["Welcome"], id="to-the-envelope"),
        pytest.param("to", "JOHN", ["Welcome"], id="to-part"),
        pytest.param("to", "list@x.test", [], id="to-nobody-it-reached"),
        pytest.param("from", "bounce@", ["Reset", "Welcome"], id="from-the-envelope"),
        pytest.param("from", "noreply@shop.test", ["Report", "Reset"], id="from-the-header"),
        pytest.param("containing", "link below", ["Reset"], id="containing"),
        pytest.param("Containing", 'your "code', ["Welcome"], id="containing-a-phrase"),
    ],
)
async def test_searches_find(api: httpx.AsyncClient, kind: str, query: str, subjects: list[str]) -> None:
    told = (await api.get("/mailhog/api/v2/search", params={"kind": kind, "query": query})).json()
    found = sorted(item["Content"]["Headers"]["Subject"][0].split()[0] for item in told["items"])
    assert found == subjects
    assert told["total"] == told["count"] == len(subjects)


@pytest.mark.parametrize("params", [{"kind": "about", "query": "a"}, {"kind": "to"}, {"kind": "to", "query": " "}])
async def test_what_is_no_search_is_refused(api: httpx.AsyncClient, params: dict[str, str]) -> None:
    answer = await api.get("/api/v2/search", params=params)
    assert answer.status_code == 400
    assert "from, to, containing are kinds" in answer.json()["detail"]


async def test_removal_asks_the_gateway(api: httpx.AsyncClient, stage: Stage) -> None:
    newest = (await api.get("/api/v2/messages")).json()["items"][0]["ID"]
    assert (await api.delete(f"/mailhog/api/v1/messages/{newest}")).status_code == 200
    assert stage.gateway.purged[-1] == {"channel": "email", "host": "mail", "ids": (newest,)}
    assert (await api.delete("/mailhog/api/v1/messages")).content == b""
    assert stage.gateway.purged[-1] == {"channel": "email", "host": "mail"}


async def test_nobody_chooses_a_server_to_release_by(api: httpx.AsyncClient, stage: Stage) -> None:
    newest = (await api.get("/api/v2/messages")).json()["items"][0]["ID"]
    answer = await api.post(f"/mailhog/api/v1/messages/{newest}/release", json={"Host": "mail.test", "Email": "a@b.c"})
    assert answer.status_code == 501
    assert stage.gateway.released == []


async def test_jim_is_not_here(api: httpx.AsyncClient) -> None:
    assert (await api.get("/mailhog/api/v2/jim")).status_code == 404


async def test_nobody_looks_in_without_the_token(stage: Stage) -> None:
    async with httpx.AsyncClient(base_url=stage.url, trust_env=False, timeout=PATIENCE) as client:
        for path in ("/api/v2/messages", "/mailhog/api/v2/messages", "/mailhog/api/v1/messages"):
            assert (await client.get(path)).status_code == 401


def test_a_boundary_may_be_how_another_one_begins() -> None:
    raw = (
        b'Content-Type: multipart/mixed; boundary="a"\r\n\r\nbefore\r\n--a\r\n\r\none\r\n--ab\r\nstill one\r\n'
        b"--a\r\nX: y\r\n\r\ntwo\r\n--a--\r\nafter\r\n--a\r\n\r\nno part\r\n"
    )
    parts = [part for _, part in leaves(raw, read_head(raw, 0, len(raw), DEFAULT))]
    assert parts == [b"\r\none\r\n--ab\r\nstill one", b"X: y\r\n\r\ntwo"]


@given(st.binary(max_size=400))
def test_any_octets_have_parts_or_none(raw: bytes) -> None:
    raw = b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n" + raw
    assert all(isinstance(part, bytes) for _, part in leaves(raw, read_head(raw, 0, len(raw), DEFAULT)))
