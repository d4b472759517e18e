"""The last line of a run: what was captured, what left, how it was contained, where to look."""

import json
import sys
from collections.abc import Mapping
from typing import Any

KINDS = {"udp": "UDP", "icmp": "ICMP", "other": "other"}
CONTAINED = {"no": "not contained", "namespace": "contained by namespaces", "doctor": "contained, as doctor showed"}


def tell(run: Mapping[str, Any], told: Mapping[str, Any], code: int, *, as_json: bool) -> None:
    """On stderr: stdout is the command's."""
    line = json.dumps(machine(run, told, code)) if as_json else human(run, told)
    print(line, file=sys.stderr)


def machine(run: Mapping[str, Any], told: Mapping[str, Any], code: int) -> dict[str, Any]:
    """For programs. `refused`: packets by kind, that had nowhere to go."""
    named = {name: run[name] for name in ("id", "name", "opened_at", "finished_at", "verdict", "contained", "canaries")}
    return {**named, "counts": run["counts"], "exit": code, "refused": {}, "outlived": 0, "services": [], **told}


def human(run: Mapping[str, Any], told: Mapping[str, Any]) -> str:
    """`soundstage: run-abc: 4 captures (2 email, 2 payment), 0 left, contained by namespaces; ...`."""
    counts = run["counts"]
    channels = ", ".join(f"{count} {channel}" for channel, count in counts["channels"].items())
    parts = [f"{counts['captures']} captures" + (f" ({channels})" if channels else ""), f"{counts['left']} left"]
    parts.append(CONTAINED[run["contained"]])
    refused = [f"{count} {KINDS[kind]}" for kind, count in told.get("refused", {}).items() if count]
    if refused:
        parts.append(f"{' and '.join(refused)} packets refused")
    if told.get("outlived"):
        parts.append(f"{told['outlived']} processes outlived it and were ended")
    return f"soundstage: {run['id']}: {', '.join(parts)}; soundstage captures list --run {run['id']}"
