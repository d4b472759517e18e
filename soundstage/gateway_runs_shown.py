"""A run as the API shows it: its addresses, credentials and variables, its windows, gaps and counts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.capture import rfc3339
from ledger.run import Run, RunGap, RunStory, RunWindow
from ledger.run_counts import RunCounts, Unclaimed
from ledger.run_keys import RunKeys
from soundstage.addresses import Addresses
from soundstage.routing import routing

USER_NAMES = ("SMTP_USERNAME", "MAIL_USERNAME", "EMAIL_HOST_USER")
PASSWORD_NAMES = ("SMTP_PASSWORD", "MAIL_PASSWORD", "EMAIL_HOST_PASSWORD")
"""No standard says them; they stand beside the names of host and port that `soundstage.routing` gives."""


@dataclass(frozen=True, slots=True)
class RunShower:
    """Makes the JSON objects."""

    keys: RunKeys
    addresses: Callable[[], Addresses]
    """As clients reach them."""
    bundle: Path

    def shown(
        self,
        story: RunStory,
        counts: RunCounts,
        *,
        pending: tuple[RunGap, ...] = (),
        unclaimed: Unclaimed | None = None,
        wrong_tokens: int = 0,
        secrets: bool = False,
        around: Run | None = None,
    ) -> dict[str, Any]:
        """`pending`: gaps not written yet. `wrong_tokens`: by memory. `secrets`: with credentials, while open.

        `around`: the run it was opened inside of, whose own ports are its ways.
        """
        run = story.run
        told: dict[str, Any] = {
            "id": run.id,
            "name": run.name,
            "opened_at": rfc3339(run.opened_at),
            "opened_seq": run.opened_seq,
            "finished_at": None if run.finished_at is None else rfc3339(run.finished_at),
            "finished_seq": run.finished_seq,
            "verdict": run.verdict,
            "open": run.is_open,
            "listener": None if run.listener is None or not run.is_open else dict(run.listener),
            "sources": list(run.sources),
            "services": list(run.services),
            "contained": run.contained,
            "canaries": run.canaries,
            "counts": _counts(counts, max(run.wrong_tokens, wrong_tokens)),
            "windows": [shown_window(window) for window in story.windows],
            "gaps": [_gap(gap) for gap in (*story.gaps, *pending)],
            "parent": run.parent,
            "lease": run.lease,
            "ended": run.ended,
        }
        if unclaimed is not None:
            told["unattributed"] = {
                "captures": unclaimed.captures,
                "channels": dict(unclaimed.channels),
                "intents": dict(unclaimed.intents),
            }
        return {**told, **self._secrets(run, around or run)} if secrets and run.is_open else told

    def _secrets(self, run: Run, entered: Run) -> dict[str, Any]:
        token, bound = self.keys.token(run.id), self.addresses()
        return {
            "token": token,
            "api_token": self.keys.api_token(run.id),
            "proxy": {"url": f"http://{run.id}:{token}@{bound.proxy}", **_place(bound.proxy, run.id, token)},
            "smtp": _place(bound.smtp, run.id, token),
            "smtps": _place(bound.smtps, run.id, token),
            "variables": self._variables(run, entered, token, bound),
        }

    def _variables(self, run: Run, entered: Run, token: str, bound: Addresses) -> dict[str, str]:
        """Those of `soundstage env` with the run's credentials, by the listeners of its own or of the run around it.

        A child led to everybody's would leave there what says no name, and its parent, judged by its own, be clean.
        """
        own: Mapping[str, str] = entered.listener or {}
        proxy, smtp = own.get("proxy", bound.proxy), own.get("smtp", bound.smtp)
        routed = bound.model_copy(update={"proxy": f"{run.id}:{token}@{proxy}", "smtp": smtp})
        return {
            **routing(routed, self.bundle),
            **dict.fromkeys(USER_NAMES, run.id),
            **dict.fromkeys(PASSWORD_NAMES, token),
            "SOUNDSTAGE_URL": bound.dashboard,
            "SOUNDSTAGE_TOKEN": self.keys.api_token(run.id),
            "SOUNDSTAGE_RUN": run.id,
        }


def shown_window(window: RunWindow) -> dict[str, Any]:
    """A window as the API shows it."""
    return {
        "id": window.id,
        "name": window.name,
        "opened_at": rfc3339(window.opened_at),
        "opened_seq": window.opened_seq,
        "closed_at": None if window.closed_at is None else rfc3339(window.closed_at),
        "closed_seq": window.closed_seq,
    }


def shown_child(story: RunStory, counts: RunCounts, pending: tuple[RunGap, ...], wrong_tokens: int) -> dict[str, Any]:
    """A run as its parent shows it: what the parent is judged by."""
    run = story.run
    return {
        "id": run.id,
        "name": run.name,
        "open": run.is_open,
        "verdict": run.verdict,
        "ended": run.ended,
        "canaries": run.canaries,
        "counts": _counts(counts, max(run.wrong_tokens, wrong_tokens)),
        "gaps": [_gap(gap) for gap in (*story.gaps, *pending)],
    }


def _counts(counts: RunCounts, wrong_tokens: int) -> dict[str, Any]:
    return {
        "captures": counts.captures,
        "left": counts.left,
        "channels": dict(counts.channels),
        "verdicts": dict(counts.verdicts),
        "wrong_token": wrong_tokens,
    }


def _gap(gap: RunGap) -> dict[str, str]:
    return {"at": rfc3339(gap.at), "until": rfc3339(gap.until), "why": gap.why}


def _place(address: str, user: str, password: str) -> dict[str, Any]:
    host, _, port = address.rpartition(":")
    return {"host": host.strip("[]"), "port": int(port), "username": user, "password": password}
