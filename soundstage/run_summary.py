"""The last line of a run: what was captured, what left, how it was contained, where to look."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from policies.verification_summary import numbered
from soundstage.console import remark
from soundstage.trouble import Unanswered

KEPT = (
    "id",
    "name",
    "opened_at",
    "finished_at",
    "verdict",
    "contained",
    "services",
    "canaries",
    "counts",
    "gaps",
    "children",
)
KINDS = {"udp": "UDP", "icmp": "ICMP", "other": "other"}
CONTAINED = {"no": "not contained", "namespace": "contained by namespaces", "doctor": "contained, as doctor showed"}


def tell(run: Mapping[str, Any], told: Mapping[str, Any], code: int, about: Path | None) -> None:
    """On stderr, because stdout is the command's; and as JSON in a file. Raises Unanswered."""
    remark(human(run, told))
    if about is not None:
        try:
            about.write_text(json.dumps(machine(run, told, code), indent=1) + "\n", encoding="utf-8")
        except OSError as trouble:
            raise Unanswered(f"--about {about} cannot be written: {trouble.strerror}") from None


def machine(run: Mapping[str, Any], told: Mapping[str, Any], code: int) -> dict[str, Any]:
    """For programs. `refused`: packets by kind, that had nowhere to go."""
    return {**{name: run[name] for name in KEPT}, "exit": code, "refused": {}, "outlived": 0, **told}


def human(run: Mapping[str, Any], told: Mapping[str, Any]) -> str:
    """`soundstage: run-abc: 4 captures (2 email, 2 payment), 0 left, contained by namespaces; ...`."""
    every = [run["counts"], *(child["counts"] for child in run["children"])]
    by_channel: Counter[str] = Counter()
    for counts in every:
        by_channel.update(counts["channels"])
    channels = ", ".join(f"{count} {channel}" for channel, count in sorted(by_channel.items()))
    captures, left = (sum(counts[name] for counts in every) for name in ("captures", "left"))
    parts = [numbered(captures, "capture") + (f" ({channels})" if channels else ""), f"{left} left"]
    if run["children"]:
        parts.append(f"{numbered(len(run['children']), 'run')} inside it")
    parts.append(CONTAINED[run["contained"]])
    refused = [f"{count} {KINDS[kind]}" for kind, count in told.get("refused", {}).items() if count]
    if refused:
        parts.append(f"{' and '.join(refused)} packets refused")
    if told.get("outlived"):
        parts.append(f"{told['outlived']} processes outlived it and were ended")
    return f"soundstage: {run['id']}: {', '.join(parts)}; soundstage captures list --run {run['id']}"
