"""Rendering: templates to HTML. Autoescape is on for every template, and an unknown name in one is an error."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse

from dashboard.assets import asset_version
from dashboard.look import CHANNEL_WORDS, OUTCOME_SIGNS, VERDICT_SIGNS, VERDICT_WORDS

TEMPLATES = Path(__file__).parent / "templates"
PLACES = (
    ("/", "Now", "whether anything left, and what was tried"),
    ("/inbox", "Inbox", "mails, texts, pushes and chat messages"),
    ("/attempts", "Attempts", "everything, by kind and one by one"),
    ("/runs", "Runs", "what each run did, and whether it should have"),
    ("/policy", "Policy", "what may leave, and what would happen to a request"),
    ("/doctor", "Doctor", "whether anything goes round Soundstage"),
)
"""The pages: address, name, and what is there."""


_OVERRIDES = {0x202D: "[U+202D]", 0x202E: "[U+202E]"}
"""Characters that show the letters after them in another order than they stand in (Unicode, UAX 9, 2.2)."""


class Rendering:
    """The pages' one environment; `clock` says what "now" is for relative times.

    `command` and `where`: `DashboardSettings`.
    """

    def __init__(
        self,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        *,
        command: str = "soundstage",
        where: str = "",
    ) -> None:
        self.clock = clock
        self._environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            finalize=_in_order,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.filters.update(ago=self._ago, exact=exact, size=size, number=number)
        self._environment.globals.update(
            version=asset_version(),
            signs=VERDICT_SIGNS,
            words=VERDICT_WORDS,
            channel_words=CHANNEL_WORDS,
            places=PLACES,
            outcome_signs=OUTCOME_SIGNS,
            command=command,
            where=where,
        )

    def text(self, template: str, **values: Any) -> str:
        """Half a surrogate pair, which JSON may hold and no UTF-8 can say, is shown as JSON spells it."""
        made = self._environment.get_template(template).render(**values)
        return made.encode("utf-8", "backslashreplace").decode()

    def page(self, request: Request, template: str, status: int = 200, /, **values: Any) -> HTMLResponse:
        """A whole page, with what its frame needs."""
        caller = request.state.caller
        csrf = caller.session.csrf if caller is not None and caller.session is not None else ""
        return HTMLResponse(self.text(template, csrf=csrf, path=request.url.path, **values), status)

    def _ago(self, at: str | datetime) -> str:
        seconds = (self.clock() - moment(at)).total_seconds()
        return ago(seconds)


def _in_order(value: Any) -> Any:
    """No text of a capture is read backwards: an address would be taken for another. What is copied stays exact."""
    return value if not isinstance(value, str) or isinstance(value, Markup) else value.translate(_OVERRIDES)


def lasted(begun: str | datetime, ended: str | datetime) -> str:
    """`3 min`; `0 s` where it was over at once."""
    said = ago(max(0.0, (moment(ended) - moment(begun)).total_seconds()))
    return "0 s" if said == "now" else said


def moment(at: str | datetime) -> datetime:
    return at if isinstance(at, datetime) else datetime.fromisoformat(at)


def ago(seconds: float) -> str:
    """`now`, `12 s`, `3 min`, `5 h`, `2 d`; of the time to come `in 5 h`."""
    span = abs(seconds)
    for limit, unit, name in ((60, 1, "s"), (3600, 60, "min"), (86_400, 3600, "h"), (float("inf"), 86_400, "d")):
        if span < limit:
            said = f"{int(span // unit)} {name}"
            break
    if span < 1:
        return "now"
    return f"in {said}" if seconds < 0 else said


def exact(at: str | datetime) -> str:
    """`2026-11-22 10:15:30.123 UTC`."""
    return moment(at).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + " UTC"


def size(octets: int) -> str:
    """`83 B`, `1.4 kB`, `12 MB`: decimal units, at most three digits."""
    amount, units = float(octets), iter(("kB", "MB", "GB", "TB"))
    if amount < 1000:
        return f"{octets} B"
    unit = ""
    while amount >= 999.5:
        amount, unit = amount / 1000, next(units, "PB")
    return f"{amount:.1f} {unit}" if amount < 9.95 else f"{amount:.0f} {unit}"


def number(count: int) -> str:
    """`1,204`."""
    return f"{count:,}"
