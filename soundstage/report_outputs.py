"""Outputs: which reports of a verification go where, and the writing of them."""

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from policies.verification_result import Result
from soundstage.report_annotations import annotations
from soundstage.report_gitlab import gitlab_report
from soundstage.report_junit import junit_report
from soundstage.report_markdown import markdown_report
from soundstage.report_sarif import sarif_report
from soundstage.trouble import Unanswered


@dataclass(frozen=True, slots=True)
class Outputs:
    """Files to write. `step_summary` is GitHub's, which is added to; `annotate`: print workflow commands."""

    junit: Path | None = None
    summary: Path | None = None
    json: Path | None = None
    sarif: Path | None = None
    gitlab: Path | None = None
    step_summary: Path | None = None
    annotate: bool = False
    colour: bool = False
    show_values: bool = False

    @classmethod
    def asked(cls, arguments: argparse.Namespace, environ: Mapping[str, str], *, terminal: bool) -> "Outputs":
        """By the options of `options_verify.output_options`, and by what the environment says of a terminal and CI."""
        summary, step_summary = arguments.report_summary, environ.get("GITHUB_STEP_SUMMARY")
        return cls(
            junit=arguments.report_junit,
            summary=summary,
            json=arguments.report_json,
            sarif=arguments.report_sarif,
            gitlab=arguments.report_gitlab,
            step_summary=Path(step_summary) if step_summary and summary is None else None,
            annotate=environ.get("GITHUB_ACTIONS") == "true",
            colour=terminal and not environ.get("NO_COLOR"),
            show_values=arguments.show_values,
        )

    def write(self, result: Result, file: str | None) -> None:
        """Every file that was asked for. Raises Unanswered for one that cannot be written: a lost report is no pass."""
        markdown = markdown_report(result, file=file)
        files = (
            (self.junit, junit_report(result)),
            (self.summary, markdown),
            (self.json, json.dumps(result.as_contract(), indent=1) + "\n"),
            (self.sarif, sarif_report(result, file=file)),
            (self.gitlab, gitlab_report(result, file=file)),
        )
        for path, text in files:
            if path is not None:
                _written(path, text, "w")
        if self.step_summary is not None:
            _written(self.step_summary, markdown, "a")

    def commands(self, result: Result, file: str | None) -> list[str]:
        """Lines to print for GitHub."""
        return annotations(result, file=file) if self.annotate else []


def _written(path: Path, text: str, mode: str) -> None:
    try:
        with path.open(mode, encoding="utf-8", errors="backslashreplace") as out:
            out.write(text)
    except OSError as trouble:
        raise Unanswered(f"the report {path} cannot be written: {trouble.strerror}") from None
