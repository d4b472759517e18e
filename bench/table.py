"""Tables of results: printed for people, kept as JSON for later."""

import json
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print one table as Markdown, so that it can be pasted into docs/performance.md, and keep it."""
    print(f"\n### {title}\n")
    print("| " + " | ".join(columns) + " |")
    print("|" + "|".join("---" if number == 0 else "--:" for number, _ in enumerate(columns)) + "|")
    for row in rows:
        print("| " + " | ".join(_shown(value) for value in row) + " |", flush=True)
    RESULTS.mkdir(exist_ok=True)
    kept = {"at": datetime.now(UTC).isoformat(), "python": platform.python_version(), "columns": list(columns)}
    name = title.lower().replace(" ", "-").replace("/", "-")
    (RESULTS / f"{name}.json").write_text(json.dumps({**kept, "rows": [list(row) for row in rows]}, indent=1))


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.2f}" if value < 100 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)
