"""Health, readiness, metrics and the policy's answers, with the gateway there and away."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from dashboard_stage import Stage, staged
from running import PATIENCE

from dashboard.gateway_link import Readiness


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with staged(tmp_path) as running:
        yield running


@pytest.fixture
async def client(stage: Stage) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=stage.url, headers=stage.bearer, timeout=PATIENCE) as opened:
        yield opened


async def test_readiness_says_what_is_missing_to_who_may_know(stage: Stage, client: httpx.AsyncClient) -> None:
    stage.gateway.ready = Readiness(False, ("the SMTP listener is not open",))
    answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()) == (
        503,
        {"ready": False, "missing": ["the SMTP listener is not open"]},
    )
    async with httpx.AsyncClient(base_url=stage.url, timeout=PATIENCE) as nobody:
        assert (await nobody.get("/readyz")).json() == {"ready": False}


async def test_a_gateway_that_is_away_is_never_ready(stage: Stage, client: httpx.AsyncClient) -> None:
    stage.gateway.away = True
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["missing"] == ["the gateway does not answer; nothing passes while it is down"]
    assert (await client.get("/healthz")).status_code == 200


async def test_metrics(stage: Stage, client: httpx.AsyncClient) -> None:
    said = (await client.get("/metrics")).text
    assert "soundstage_gateway_up 1.0" in said
    assert "soundstage_captures_total 7.0" in said
    stage.gateway.away = True
    assert "soundstage_gateway_up 0.0" in (await client.get("/metrics")).text


async def test_explain(stage: Stage, client: httpx.AsyncClient) -> None:
    asked = {"method": "POST", "url": "https://api.stripe.com/v1/charges", "headers": {"authorization": "Bearer x"}}
    told = (await client.post("/api/policy/explain", json=asked)).json()
    assert told["reason"] == "no opt-in matches api.stripe.com; payments are captured by default"
    assert "to: api.stripe.com" in told["opt_in"]
    mailed = await client.post("/api/policy/explain", json={"email": {"to": ["a@b.example"], "from": "x@y.example"}})
    assert mailed.json()["rule"] == "default:email"
    stage.gateway.away = True
    assert (await client.post("/api/policy/explain", json=asked)).status_code == 503


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"url": "https://x.example/", "email": {"to": ["a@b.example"]}}, id="both"),
        pytest.param({"url": "https://x.example/", "verb": "GET"}, id="unknown-key"),
        pytest.param({"email": {"to": []}}, id="nobody"),
        pytest.param({"url": "https://nowhere/"}, id="refused-by-the-gateway"),
        pytest.param([1], id="no-object"),
    ],
)
async def test_a_wrong_question_is_told_what_is_wrong(client: httpx.AsyncClient, asked: object) -> None:
    answer = await client.post("/api/policy/explain", json=asked)
    assert answer.status_code == 422
    assert answer.json()["detail"].endswith(".")
