"""What went wrong: a page for who looks, a problem in JSON for programs, with the same sentence and status."""

import html
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from dashboard_stage import ADMIN, GatewayFake, Stage, recording, staged
from running import PATIENCE

from dashboard.app import create_app
from dashboard.settings import DashboardSettings
from ledger.labels import Labels
from ledger.reader import Reader

LOOKING = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture(scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with staged(tmp_path_factory.mktemp("wrong")) as running:
        yield running


@pytest.fixture
async def client(stage: Stage) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=stage.url, headers=stage.bearer, trust_env=False, timeout=PATIENCE) as opened:
        yield opened


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        pytest.param("/attempt", 404, "There is nothing at &#39;/attempt&#39;.", id="mistyped"),
        pytest.param("/runs/run-x/y", 404, "There is nothing at &#39;/runs/run-x/y&#39;.", id="too-far-down"),
        pytest.param("/attempts?after=junk", 422, "after: ", id="a-cursor-that-is-none"),
        pytest.param("/doctor/none", 404, "It was never filed", id="no-such-report"),
    ],
)
async def test_who_looks_gets_a_page_that_says_what_there_is(
    client: httpx.AsyncClient, path: str, status: int, says: str
) -> None:
    answer = await client.get(path, headers=LOOKING)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert says in answer.text
    for place in ("/", "/inbox", "/attempts", "/runs", "/policy", "/doctor"):
        assert f'<li><a href="{place}">' in answer.text


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("/attempt", "/attempts"),
        ("/Inbox", "/inbox"),
        ("/run/x", "/runs"),
        ("/policies", "/policy"),
        ("/nothing-like-it", None),
    ],
)
async def test_the_page_that_was_probably_meant_is_named(
    client: httpx.AsyncClient, path: str, meant: str | None
) -> None:
    said = (await client.get(path, headers=LOOKING)).text.partition("</p>")[0]
    assert ("Did you mean" in said) == (meant is not None)
    assert meant is None or f'<a href="{meant}">' in said


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        pytest.param("PUT", "/api/captures", "DELETE, GET", id="two-routes-of-one-path"),
        pytest.param("DELETE", "/api/captures/wait", "GET", id="a-path-that-is-also-a-pattern"),
        pytest.param("DELETE", "/api/runs", "GET, POST", id="runs"),
        pytest.param("PATCH", "/mailpit/api/v1/messages", "DELETE, GET, PUT", id="a-drop-in"),
    ],
)
async def test_every_method_that_is_answered_is_named(
    client: httpx.AsyncClient, method: str, path: str, allowed: str
) -> None:
    answer = await client.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


async def test_a_post_that_no_page_answers(client: httpx.AsyncClient) -> None:
    answer = await client.post("/inbox", headers=LOOKING)
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]
    assert "POST is not answered at &#39;/inbox&#39;." in answer.text


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        pytest.param("/attempt", {"accept": "*/*"}, id="curl"),
        pytest.param("/attempt", {"accept": "application/json"}, id="a-program"),
        pytest.param("/api/run", LOOKING, id="the-api-in-a-browser"),
        pytest.param("/mailpit/api/v1/letters", LOOKING, id="a-drop-in"),
        pytest.param("/inbox/a/b", {**LOOKING, "hx-request": "true"}, id="a-part-of-a-page"),
    ],
)
async def test_programs_are_told_in_json(client: httpx.AsyncClient, path: str, headers: dict[str, str]) -> None:
    answer = await client.get(path, headers=headers)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] == f"There is nothing at {path!r}."


async def test_nobody_is_told_what_there_is_without_signing_in(stage: Stage) -> None:
    async with httpx.AsyncClient(base_url=stage.url, trust_env=False, timeout=PATIENCE) as stranger:
        answer = await stranger.get("/attempt", headers=LOOKING)
        assert answer.status_code == 401
        assert "/attempts" not in answer.text


REFUSED = [
    pytest.param("POST", "/policy", {}, b"", 403, "CSRF token", id="a-form-of-an-older-session"),
    pytest.param("POST", "/inbox/read", {"origin": "https://evil.example"}, b"", 403, "another origin", id="elsewhere"),
    pytest.param("POST", "/inbox/read", {}, b" " * 1_100_000, 413, "may have 1048576 octets", id="too-large"),
    pytest.param("GET", "/", {"host": "<b>evil.example"}, b"", 421, "&lt;b&gt;evil.example", id="another-name"),
]


@pytest.mark.parametrize(("method", "path", "headers", "body", "status", "says"), REFUSED)
async def test_what_the_guard_refuses_is_a_page_for_who_looks(
    stage: Stage, method: str, path: str, headers: dict[str, str], body: bytes, status: int, says: str
) -> None:
    async with httpx.AsyncClient(base_url=stage.url, trust_env=False, timeout=PATIENCE) as client:
        await client.get(stage.link())
        for accept, kind in ((LOOKING, "text/html; charset=utf-8"), ({}, "application/problem+json")):
            answer = await client.request(method, path, headers={**headers, **accept}, content=body)
            assert (answer.status_code, answer.headers["content-type"]) == (status, kind)
            assert says in answer.text or html.unescape(says) in answer.text
            assert answer.headers["content-security-policy"].startswith("default-src 'none'")
            assert "/attempts" not in answer.text


async def test_a_failure_inside_is_a_page_for_who_looks(stage: Stage, client: httpx.AsyncClient) -> None:
    told = stage.gateway.told
    stage.gateway.told = {"opt_ins": [{"expires": "no time at all"}]}
    answer = await client.get("/", headers=LOOKING)
    stage.gateway.told = told
    assert (answer.status_code, answer.headers["content-type"]) == (500, "text/html; charset=utf-8")
    assert "The dashboard failed at this; its log says why." in answer.text
    assert "Traceback" not in answer.text


async def test_empty_pages_say_lines_that_can_be_pasted(tmp_path: Path) -> None:
    """By name alone, a line finds no Soundstage that `make up` started, and in another folder no data directory."""
    told = {"command": "/srv/stage/.venv/bin/soundstage", "where": " --data-dir '/srv/my data'"}
    async with recording(tmp_path / "data") as (ledger, writer):
        settings = DashboardSettings(tmp_path / "data", ADMIN, ("pages",), **told)
        app = create_app(settings, Reader(ledger), GatewayFake(writer), Labels(ledger))
        transport = httpx.ASGITransport(app)
        headers = {"authorization": f"Bearer {ADMIN}"}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://pages", headers=headers, timeout=PATIENCE
        ) as client:
            for path, command in (("/", "env"), ("/attempts", "env"), ("/doctor", "doctor")):
                shown = html.unescape((await client.get(path)).text)
                assert f"/srv/stage/.venv/bin/soundstage {command} --data-dir '/srv/my data'" in shown
