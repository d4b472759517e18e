"""Verdict: what the API says of a run that is to be judged, and the exit code it stands for."""

from collections.abc import Mapping
from typing import Any

from soundstage.api import Api
from soundstage.trouble import Unanswered

CODES = {"clean": 0, "violated": 1, "inconclusive": 2}
PATIENCE = 600.0
"""Seconds that settling and judging may take."""


def verdict_of(
    api: Api, run_id: str, text: str | None, file: str | None, *, allow_uncontained: bool
) -> Mapping[str, Any]:
    """The result as the API tells it, with a `verdict` of `CODES`. SoundstageError where there is none.

    Without `text`, of a file of expectations, nothing may have been real, and that is all. `file`: what it is called.
    """
    asked = {"text": text, "file": file or "expectations", "allow_uncontained": allow_uncontained}
    told = api.post(f"/api/runs/{run_id}/verify", asked, seconds=PATIENCE)
    if not isinstance(told, Mapping) or told.get("verdict") not in tuple(CODES):
        raise Unanswered(f"Soundstage answered what is no result of a verification: {str(told)[:100]!r}")
    return told
