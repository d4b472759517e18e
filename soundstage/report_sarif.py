"""SARIF 2.1.0 (OASIS): a result for each row that did not hold, at its line of the file."""

import hashlib
import json
from typing import Any
from urllib.parse import quote

from policies.verification_result import Result, RowResult
from soundstage.report_lines import encodable, told

_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_RULES = {
    "expect": "An expected side effect was attempted as often as it should be",
    "never": "A forbidden side effect was not attempted",
    "others": "No other side effect was attempted",
    "real_side_effects": "Nothing really left",
    "unattributed": "Everything that was captured belongs to somebody",
    "contained": "Nothing could go round Soundstage",
    "path": "What happened would have been seen",
}


def sarif_report(result: Result, *, file: str | None = None) -> str:
    """One run of the tool `Soundstage`. Rows without a line are told without a place."""
    rules = [{"id": kind, "shortDescription": {"text": text}} for kind, text in _RULES.items()]
    results = [_result(row, file) for row in result.rows if row.outcome != "held"]
    run = {"tool": {"driver": {"name": "Soundstage", "rules": rules}}, "results": results}
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def _result(row: RowResult, file: str | None) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "ruleId": row.kind,
        "ruleIndex": list(_RULES).index(row.kind),
        "level": "error" if row.outcome == "failed" else "warning",
        "message": {"text": f"{encodable(row.name)}: {told(row)}"},
        "partialFingerprints": {"row/v1": fingerprint(row)},
    }
    if file is not None:
        place = {"artifactLocation": {"uri": quote(file, errors="replace")}, "region": {"startLine": row.line or 1}}
        shown["locations"] = [{"physicalLocation": place}]
    return shown


def fingerprint(row: RowResult) -> str:
    """The same for the same row of every run, so that a report can tell what is new."""
    return hashlib.sha256(f"{row.kind}\0{row.name}".encode("utf-8", "backslashreplace")).hexdigest()
