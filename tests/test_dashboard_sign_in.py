"""Signing in: links good once, sessions that last as long as they should, wrong tokens slowed down."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from dashboard_stage import ADMIN, Stage, staged
from running import PATIENCE

from dashboard.sessions import COOKIE, Sessions
from dashboard.sign_in import SignInLinks
from dashboard.sign_in_rate import ALTOGETHER, PER_SOURCE, WINDOW, SignInRate
from dashboard.token_folder import TokenFolder


class Clock:
    """A time that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(tmp_path) as running:
        yield running


@pytest.fixture
async def client(stage: Stage) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=stage.url, timeout=PATIENCE) as opened:
        yield opened


async def test_the_link_signs_in_once(stage: Stage, client: httpx.AsyncClient) -> None:
    link = stage.link()
    first = await client.get(link)
    assert (first.status_code, first.headers["location"]) == (303, "/")
    assert (await client.get("/")).status_code == 200
    async with httpx.AsyncClient(base_url=stage.url, timeout=PATIENCE) as another:
        assert (await another.get(link)).status_code == 401
        assert (await another.get("/")).status_code == 401


async def test_a_used_link_leads_home_who_is_in_already(stage: Stage, client: httpx.AsyncClient) -> None:
    link = stage.link()
    await client.get(link)
    assert (await client.get(link)).status_code == 303


async def test_the_cookie_is_opaque_and_kept_from_scripts_and_other_sites(
    stage: Stage, client: httpx.AsyncClient
) -> None:
    said = (await client.get(stage.link())).headers["set-cookie"].lower()
    assert "httponly" in said
    assert "samesite=strict" in said
    cookie = client.cookies[COOKIE]
    assert len(cookie) >= 43
    files = [path for path in stage.data_dir.rglob("*") if path.is_file()]
    assert not [path for path in files if cookie.encode() in path.read_bytes() or cookie in path.name]


async def test_a_browser_that_looks_ahead_does_not_use_the_link_up(stage: Stage, client: httpx.AsyncClient) -> None:
    link = stage.link()
    assert (await client.get(link, headers={"sec-purpose": "prefetch;prerender"})).status_code == 503
    assert (await client.head(link)).status_code == 405
    assert (await client.get(link)).status_code == 303


@pytest.mark.parametrize(("token", "status"), [(ADMIN, 303), ("wrong", 401), ("", 401)])
async def test_the_admin_token_signs_in_by_form(client: httpx.AsyncClient, token: str, status: int) -> None:
    assert (await client.post("/sign-in", data={"token": token})).status_code == status


async def test_another_site_cannot_sign_somebody_in(client: httpx.AsyncClient) -> None:
    answer = await client.post("/sign-in", data={"token": ADMIN}, headers={"origin": "https://evil.example"})
    assert answer.status_code == 403


async def test_wrong_tokens_are_slowed_down_right_ones_too(stage: Stage, client: httpx.AsyncClient) -> None:
    for _ in range(PER_SOURCE):
        assert (await client.get("/sign-in?token=wrong")).status_code == 401
    assert (await client.get(stage.link())).status_code == 429
    assert (await client.get("/api/captures", headers=stage.bearer)).status_code == 200


def test_the_rate_is_by_source_and_altogether() -> None:
    clock = Clock()
    rate = SignInRate(clock)
    for _ in range(PER_SOURCE):
        rate.failed("10.0.0.1")
    assert rate.exhausted("10.0.0.1")
    assert not rate.exhausted("10.0.0.2")
    for one in range(ALTOGETHER):
        rate.failed(f"10.1.0.{one}")
    assert rate.exhausted("10.0.0.2")
    clock.now += WINDOW + 1
    assert not rate.exhausted("10.0.0.1")


def test_a_token_is_over_when_its_time_is(tmp_path: Path) -> None:
    clock = Clock()
    folder = TokenFolder(tmp_path / "tokens", 600, clock)
    token, other = folder.make({"role": "admin"}), folder.make()
    assert folder.read(token) == {"role": "admin"}
    clock.now += 599
    assert folder.take(other) == {}
    assert folder.take(other) is None
    clock.now += 2
    assert folder.read(token) is None
    folder.make()
    assert len(list((tmp_path / "tokens").iterdir())) == 1, "what is over is swept"


def test_tokens_on_disk_are_digests_for_the_owner_alone(tmp_path: Path) -> None:
    token = SignInLinks(tmp_path).make()
    (kept,) = (tmp_path / "sign-in").iterdir()
    assert token not in kept.name + kept.read_text()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert kept.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("token", ["", "..", "../../admin.token", "/etc/passwd", "\0", "\udce4", "x" * 10_000])
def test_any_text_is_a_token_that_is_not_known(tmp_path: Path, token: str) -> None:
    (tmp_path / "admin.token").write_text('{"expires": 9e99, "value": {"role": "admin"}}')
    assert SignInLinks(tmp_path).take(token) is False
    assert Sessions(tmp_path).find(token) is None


def test_a_session_survives_a_restart_and_ends_everywhere(tmp_path: Path) -> None:
    session = Sessions(tmp_path).begin()
    assert Sessions(tmp_path).find(session.cookie) == session
    Sessions(tmp_path).end(session)
    assert Sessions(tmp_path).find(session.cookie) is None
