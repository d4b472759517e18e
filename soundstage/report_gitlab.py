"""GitLab's code quality report: an issue for each row that did not hold. Without a file, its path is `.`."""

import json

from policies.verification_result import Result
from soundstage.report_lines import encodable, told
from soundstage.report_sarif import fingerprint


def gitlab_report(result: Result, *, file: str | None = None) -> str:
    """A JSON list."""
    issues = [
        {
            "description": f"{encodable(row.name)}: {told(row)}",
            "check_name": f"soundstage-{row.kind}",
            "fingerprint": fingerprint(row),
            "severity": "major" if row.outcome == "failed" else "minor",
            "location": {"path": file or ".", "lines": {"begin": row.line or 1}},
        }
        for row in result.rows
        if row.outcome != "held"
    ]
    return json.dumps(issues, indent=1) + "\n"
