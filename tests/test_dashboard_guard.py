"""The guard: who gets in, under which name, from which page, with how much."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from dashboard_stage import ADMIN, Stage, mail, staged
from running import PATIENCE

from dashboard.guard import host_name
from dashboard.sessions import COOKIE, Sessions


@pytest.fixture(scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with staged(tmp_path_factory.mktemp("guard")) as running:
        await running.add(mail("Hello", ["ann@example.com"], b"Subject: Hello\r\n\r\nHi"))
        yield running


@pytest.fixture
async def client(stage: Stage) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=stage.url, timeout=PATIENCE) as opened:
        yield opened


GUARDED = [
    "/", "/inbox", "/attempts", "/api/captures", "/api/captures/x", "/api/captures/x/raw", "/api/captures/wait",
    "/api/live", "/live?page=inbox", "/metrics", "/openapi.json", "/static/soundstage.css", "/mail/x/html", "/nothing",
]  # fmt: skip


@pytest.mark.parametrize("path", GUARDED)
async def test_nothing_answers_without_credentials(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert "Hello" not in answer.text


async def test_probes_answer_without_credentials_and_tell_nothing(client: httpx.AsyncClient) -> None:
    assert (await client.get("/healthz")).status_code == 200
    answer = await client.get("/readyz", headers={"host": "10.1.2.3:8025"})
    assert (answer.status_code, answer.json()) == (200, {"ready": True})


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("Bearer wrong", id="wrong-token"),
        pytest.param("Bearer", id="empty-token"),
        pytest.param(f"Basic {ADMIN}", id="another-scheme"),
        pytest.param(f"Bearer {ADMIN}x", id="token-with-a-tail"),
    ],
)
async def test_a_wrong_token_opens_nothing(client: httpx.AsyncClient, token: str) -> None:
    assert (await client.get("/api/captures", headers={"authorization": token})).status_code == 401


async def test_a_wrong_token_is_not_made_good_by_a_session(stage: Stage, client: httpx.AsyncClient) -> None:
    await client.get(stage.link())
    assert (await client.get("/api/captures", headers={"authorization": "Bearer wrong"})).status_code == 401


@pytest.mark.parametrize(
    ("host", "status"),
    [
        pytest.param("127.0.0.1:1", 200, id="any-port"),
        pytest.param("LOCALHOST", 200, id="any-case"),
        pytest.param("[::1]:8025", 200, id="ipv6"),
        pytest.param("evil.example", 421, id="rebound-name"),
        pytest.param("localhost.evil.example", 421, id="our-name-as-a-label"),
        pytest.param("evil.example:127.0.0.1", 421, id="our-name-as-a-port"),
        pytest.param("", 421, id="empty"),
    ],
)
async def test_only_listed_hosts_are_answered(stage: Stage, client: httpx.AsyncClient, host: str, status: int) -> None:
    answer = await client.get("/api/captures", headers={**stage.bearer, "host": host})
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("given", "expected"),
    [("localhost:80", "localhost"), ("[::1]:80", "::1"), ("A.example", "a.example"), ("", "")],
)
def test_host_name(given: str, expected: str) -> None:
    assert host_name(given) == expected


FOREIGN = [
    pytest.param({"origin": "https://evil.example"}, id="other-origin"),
    pytest.param({"origin": "null"}, id="opaque-origin"),
    pytest.param({"sec-fetch-site": "cross-site"}, id="cross-site"),
    pytest.param({"sec-fetch-site": "same-site"}, id="sibling-site"),
    pytest.param({"origin": "http://127.0.0.1:1"}, id="other-port"),
]


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize(
    ("method", "path"), [("DELETE", "/api/captures"), ("POST", "/api/policy/explain"), ("GET", "/api/live")]
)
async def test_another_site_can_neither_write_nor_follow(
    stage: Stage, client: httpx.AsyncClient, method: str, path: str, headers: dict[str, str]
) -> None:
    await client.get(stage.link())
    answer = await client.request(method, path, headers=headers)
    assert answer.status_code == 403
    assert stage.gateway.purged == []


async def test_a_session_writes_only_with_its_csrf_token(stage: Stage, client: httpx.AsyncClient) -> None:
    await client.get(stage.link())
    session = Sessions(stage.data_dir).find(client.cookies[COOKIE])
    assert session is not None
    asked = {"method": "GET", "url": "https://api.example.com/"}
    assert (await client.post("/api/policy/explain", json=asked)).status_code == 403
    other = Sessions(stage.data_dir).begin()
    for token, status in ((other.csrf, 403), ("", 403), (session.csrf, 200)):
        answer = await client.post("/api/policy/explain", json=asked, headers={"x-csrf-token": token})
        assert answer.status_code == status


async def test_a_revoked_session_is_nobody(stage: Stage, client: httpx.AsyncClient) -> None:
    await client.get(stage.link())
    assert (await client.get("/api/captures")).status_code == 200
    session = Sessions(stage.data_dir).find(client.cookies[COOKIE])
    assert session is not None
    Sessions(stage.data_dir).end(session)
    assert (await client.get("/api/captures")).status_code == 401


async def test_signing_out_ends_the_session(stage: Stage, client: httpx.AsyncClient) -> None:
    await client.get(stage.link())
    cookie = client.cookies[COOKIE]
    session = Sessions(stage.data_dir).find(cookie)
    assert session is not None
    assert (await client.post(f"/sign-out?csrf={session.csrf}")).status_code == 200
    assert Sessions(stage.data_dir).find(cookie) is None


async def test_an_oversized_body_is_refused_announced_or_not(stage: Stage, client: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * 65536

    announced = await client.post("/api/policy/explain", content=b" " * 2_000_000, headers=stage.bearer)
    streamed = await client.post("/api/policy/explain", content=endless(), headers=stage.bearer)
    assert (announced.status_code, streamed.status_code) == (413, 413)


@pytest.mark.parametrize("path", ["/", "/api/captures", "/api/captures/none", "/static/soundstage.css", "/healthz"])
async def test_every_answer_carries_the_security_headers(stage: Stage, client: httpx.AsyncClient, path: str) -> None:
    for headers in (stage.bearer, {}):
        got = (await client.get(path, headers=headers)).headers
        assert got["x-content-type-options"] == "nosniff"
        assert got["referrer-policy"] == "same-origin"
        assert got["content-security-policy"].startswith("default-src 'none'")
        assert "access-control-allow-origin" not in got


async def test_no_cross_origin_preflight_is_answered(stage: Stage, client: httpx.AsyncClient) -> None:
    headers = {**stage.bearer, "origin": "https://evil.example", "access-control-request-method": "DELETE"}
    answer = await client.options("/api/captures", headers=headers)
    assert answer.status_code == 403
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    "path",
    [
        "/api/captures/..%2f..%2fadmin.token",
        "/api/captures/%2e%2e/raw",
        "/api/captures/..%5c..%5cadmin.token/raw",
        "/static/../settings.py",
        "/static/%2e%2e/settings.py",
        "/static/..%2f..%2fpyproject.toml",
        "/mail/..%2f..%2fadmin.token/html",
    ],
)
async def test_no_path_climbs_out(stage: Stage, path: str) -> None:
    """Sent raw, because clients tidy such paths up."""
    host, port = stage.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {ADMIN}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode())
    answer = await reader.read()
    writer.close()
    assert answer.split(b" ", 2)[1] in (b"404", b"422")
    assert b"build-system" not in answer
    assert b"DashboardSettings" not in answer


async def test_a_failure_inside_is_a_plain_500_with_security_headers(stage: Stage, client: httpx.AsyncClient) -> None:
    stage.gateway.told = {"opt_ins": [{"expires": "no time at all"}]}
    answer = await client.get("/", headers=stage.bearer)
    stage.gateway.told = {}
    assert answer.status_code == 500
    assert "Traceback" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
