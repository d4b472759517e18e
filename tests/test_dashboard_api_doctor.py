"""Reports of the doctor: filed by the API, kept, listed, and shown to people as text, whatever is in them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from dashboard_stage import Stage, staged
from running import PATIENCE

from ledger.doctor_reports import KEPT, DoctorReports

OPEN = {"id": "udp:1.1.1.1:443", "what": "one datagram", "verdict": "open", "reason": "<b>somebody</b> answered"}
REPORT = {
    "result": "open",
    "exit": 1,
    "machine": "shop-7",
    "consulted": True,
    "seconds": 1.5,
    "counts": {"open": 1},
    "findings": [{**OPEN, "capture": None, "met": None}],
    "run": None,
}


@pytest.fixture(scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with staged(tmp_path_factory.mktemp("doctor")) as running:
        yield running


@pytest.fixture
async def api(stage: Stage) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=stage.url, headers=stage.bearer, trust_env=False, timeout=PATIENCE) as client:
        yield client


async def test_a_report_is_kept_and_shown(api: httpx.AsyncClient, stage: Stage) -> None:
    assert "Nobody has looked yet" in (await api.get("/doctor")).text
    filed = await api.post("/api/doctor", json=REPORT)
    assert filed.status_code == 201
    kept = filed.json()
    assert {name: kept[name] for name in REPORT} == REPORT
    assert (await api.get("/api/doctor")).json() == {"items": [kept]}
    assert (await api.get(f"/api/doctor/{kept['id']}")).json() == kept
    for path in ("/doctor", f"/doctor/{kept['id']}"):
        page = (await api.get(path)).text
        assert "There are ways round Soundstage." in page
        assert "&lt;b&gt;somebody&lt;/b&gt; answered" in page
    file = next((stage.data_dir / "doctor").iterdir())
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        pytest.param({"verdict": "fine"}, 422, id="an-unknown-result-field"),
        pytest.param({"result": "fine"}, 422, id="an-unknown-result"),
        pytest.param({"findings": [{**OPEN, "verdict": "shut"}]}, 422, id="an-unknown-verdict"),
        pytest.param({"machine": "x" * 2000}, 422, id="a-name-without-end"),
    ],
)
async def test_what_is_no_report_is_refused(api: httpx.AsyncClient, changed: dict[str, Any], code: int) -> None:
    assert (await api.post("/api/doctor", json=REPORT | changed)).status_code == code


async def test_nobody_files_one_without_credentials(stage: Stage) -> None:
    async with httpx.AsyncClient(base_url=stage.url, trust_env=False, timeout=PATIENCE) as client:
        assert (await client.post("/api/doctor", json=REPORT)).status_code == 401


@pytest.mark.parametrize("name", ["../admin", "0192", "ffffffff-ffff-7fff-bfff-ffffffffffff"])
async def test_what_was_never_filed_is_not_there(api: httpx.AsyncClient, name: str) -> None:
    assert (await api.get(f"/api/doctor/{name.replace('/', '%2F')}")).status_code == 404
    assert (await api.get(f"/doctor/{name.replace('/', '%2F')}")).status_code == 404


def test_the_newest_are_kept_and_broken_ones_passed_over(tmp_path: Path) -> None:
    reports = DoctorReports(tmp_path)
    made = [reports.put({"number": number})["id"] for number in range(KEPT + 2)]
    assert [one["id"] for one in reports.latest()] == made[:1:-1]
    (tmp_path / "doctor" / f"{made[-1]}.json").write_text("{")
    assert reports.get(made[-1]) is None
    assert len(reports.latest()) == KEPT - 1
