"""A contained command that wants its run to be told clean of what it did: none of its tricks ends as that."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from run_stage import NOBODY, RunStage, run_stage, why_not

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or why_not() is not None,
    reason=f"runs of an ordinary user cannot be tried here: {why_not() or 'it needs root'}",
)
HOOK = "curl -sS -m 20 -o /dev/null -d paid=1"
END_EARLY = """
curl -sS -m 20 -o /dev/null http://canary.soundstage.invalid/$SOUNDSTAGE_RUN/end
curl -sS -m 20 --url smtp://$SMTP_HOST:$SMTP_PORT --user "$SMTP_USERNAME:$SMTP_PASSWORD" --login-options AUTH=PLAIN \
    --mail-from a@example.test --mail-rcpt end@canary.soundstage.invalid -T /dev/null
curl -sS -m 20 --noproxy '*' -o /dev/null -w '%{http_code}\n' $SOUNDSTAGE_URL/api/runs/$SOUNDSTAGE_RUN/finish \
    -H "Authorization: Bearer ${ADMIN:-$SOUNDSTAGE_TOKEN}" --json '{"verdict": "clean"}'
"""


@pytest.fixture(scope="module")
def house() -> Iterator[RunStage]:
    with run_stage(NOBODY) as made:
        yield made


@pytest.fixture(scope="module")
def other(house: RunStage) -> Iterator[dict[str, str]]:
    """Proxy URLs of a run that is finished and, with a wrong token, of one that is open."""
    with house.gateway.api() as api:
        done = api.post("/api/runs", json={"id": "done"}).json()
        api.post("/api/runs/done/finish", json={}).raise_for_status()
        is_open = api.post("/api/runs", json={"id": "open"}).json()
        yield {"done": done["proxy"]["url"], "open": is_open["proxy"]["url"].replace(is_open["token"], "wrong")}


@pytest.fixture(scope="module")
def nothing_expected(house: RunStage) -> Path:
    made = house.home / "nothing.yaml"
    made.write_text("version: 1\n")
    return made


def judged(house: RunStage, nothing_expected: Path, script: str, **more: str) -> subprocess.CompletedProcess[str]:
    return house.run("bash", "-c", script, options=("--expect", str(nothing_expected)), **more)


def test_another_runs_name_does_not_hide_what_a_command_does(
    house: RunStage, nothing_expected: Path, other: dict[str, str]
) -> None:
    """What nobody claims elsewhere casts no doubt on a run with an entrance of its own; what came by that does."""
    script = "; ".join(f"{HOOK} -x {url} http://partner.test/{name}" for name, url in other.items())
    done = judged(house, nothing_expected, script)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "came by its own entrance" in done.stderr


def test_a_contained_command_does_not_end_its_own_run(house: RunStage, nothing_expected: Path) -> None:
    """What it did after that would be nobody's, and its own canaries would have told that all was seen."""
    done = judged(house, nothing_expected, f"{END_EARLY} {HOOK} http://partner.test/late")
    assert done.stdout == "409\n", done.stderr
    assert done.returncode == 1, done.stderr


def test_a_run_that_somebody_ended_too_early_is_not_clean(house: RunStage, nothing_expected: Path) -> None:
    """Its probes seem to have arrived, because the command sent them; the one that is sent after it did not."""
    early = f"{END_EARLY} {HOOK} http://partner.test/late"
    done = judged(house, nothing_expected, early, ADMIN=house.gateway.token)
    assert done.stdout == "200\n", done.stderr
    assert done.returncode == 2, done.stderr
    assert "did not arrive" in done.stderr
