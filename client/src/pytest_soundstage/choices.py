"""Choices: what the command line and the ini file say about Soundstage, read once."""

from __future__ import annotations

import difflib
import fnmatch
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

MODES = ("found", "auto", "container", "required", "off")
WINDOWS = ("used", "all")
STRAYS = ("fail", "warn")
OWN = tuple(
    f"soundstage{name}" for name in ("", "_windows", "_strays", "_forbid", "_timeout", "_quiet", "_settle", "_lease")
)
"""Our settings of the ini file."""


@dataclass(frozen=True)
class Choices:
    """`mode` is one of MODES, `container:IMAGE`, or the URL of a running Soundstage."""

    mode: str
    expect: Path | None
    allow_uncontained: bool
    windows: str
    strays: str
    forbid: tuple[str, ...]
    timeout: float
    quiet: float
    at_most: float
    lease: float
    looking_only: bool
    """No test is going to run: only collected, or help was asked for."""
    spread: bool
    """pytest-xdist spreads the tests over workers."""

    @property
    def starts_one(self) -> bool:
        """Whether this session starts a Soundstage of its own, unless the environment names one."""
        return self.mode == "auto" or self.image is not None

    @property
    def image(self) -> str | None:
        """What a container is started of, None where none is."""
        kind, _, image = self.mode.partition(":")
        return (image or "soundstage") if kind == "container" else None

    def forbids(self, path: str) -> bool:
        """Whether side effects are forbidden in a file, given relative to the root directory with `/`."""
        return any(fnmatch.fnmatch(path, glob) for one in self.forbid for glob in (one, f"{one.rstrip('/')}/*"))


def add_options(parser: pytest.Parser) -> None:
    group = parser.getgroup("soundstage", "side effects captured by Soundstage")
    group.addoption(
        "--soundstage",
        default=None,
        metavar="auto|container|required|off|URL",
        help="auto: start one for this session; container, or container:IMAGE: the same, in a container; "
        "required: end at once where none runs; off: do nothing; URL: that one, with SOUNDSTAGE_TOKEN. "
        "By default the one that runs is used, if one does",
    )
    group.addoption("--soundstage-expect", metavar="FILE", help="judge the whole run by an expectation file at its end")
    group.addoption(
        "--soundstage-allow-uncontained",
        action="store_true",
        help="take it for proof that something did not happen if nothing was captured in an uncontained run",
    )
    parser.addini("soundstage", "like --soundstage", default="found")
    parser.addini("soundstage_windows", "tests that get a window: used (of the fixture) or all", default="used")
    parser.addini("soundstage_strays", "side effects outside any test's window: fail or warn", default="fail")
    parser.addini("soundstage_forbid", "files whose tests must not have side effects (globs)", type="args", default=[])
    parser.addini("soundstage_timeout", "seconds that a wait lasts", default="10")
    parser.addini("soundstage_quiet", "seconds without anything new that count as quiet", default="0.25")
    parser.addini("soundstage_settle", "seconds to wait for that at most", default="10")
    parser.addini("soundstage_lease", "seconds a run outlives a process that is gone; 0: a day", default="900")


def read_choices(config: pytest.Config, known: Any) -> Choices:
    """`known` are the options known so far. Raises pytest.UsageError with the value that is not understood."""
    _refuse_misspelt(config, known)
    mode = known.soundstage or str(config.getini("soundstage"))
    if mode not in MODES and not mode.startswith(("http://", "https://", "container:")):
        raise pytest.UsageError(f"--soundstage={mode} is none of {', '.join(MODES)}, nor a URL")
    return Choices(
        mode=mode,
        expect=Path(known.soundstage_expect) if known.soundstage_expect else None,
        allow_uncontained=known.soundstage_allow_uncontained,
        windows=_one_of(config, "soundstage_windows", WINDOWS),
        strays=_one_of(config, "soundstage_strays", STRAYS),
        forbid=tuple(_folder_checked(config, one) for one in config.getini("soundstage_forbid")),
        timeout=_seconds(config, "soundstage_timeout"),
        quiet=_seconds(config, "soundstage_quiet"),
        at_most=_seconds(config, "soundstage_settle"),
        lease=_lease(config),
        looking_only=_looking_only(known),
        spread=_spread(known),
    )


def _one_of(config: pytest.Config, name: str, known: tuple[str, ...]) -> str:
    value = str(config.getini(name))
    if value not in known:
        raise pytest.UsageError(f"{name} = {value} is none of {', '.join(known)}")
    return value


def _seconds(config: pytest.Config, name: str) -> float:
    value = str(config.getini(name))
    try:
        seconds = float(value)
    except ValueError:
        seconds = -1.0
    if not math.isfinite(seconds) or seconds < 0:
        raise pytest.UsageError(f"{name} = {value} is no number of seconds")
    return seconds


def _lease(config: pytest.Config) -> float:
    seconds = _seconds(config, "soundstage_lease")
    if seconds and not 1 <= seconds <= 86_400:
        raise pytest.UsageError(f"soundstage_lease = {seconds:g} is neither 0 nor between 1 and 86400 seconds")
    return seconds


def _refuse_misspelt(config: pytest.Config, known: Any) -> None:
    """pytest only warns of a key it does not know, and of an override not even that: nothing would be forbidden."""
    overridden = [str(one).partition("=")[0].strip() for one in getattr(known, "override_ini", None) or ()]
    written = vars(config).get("_inicfg") or vars(config).get("inicfg") or {}  # its name changed with pytest 9
    for key in (*written, *overridden):
        near = difflib.get_close_matches(key, OWN, n=1, cutoff=0.85)
        if near and key not in OWN:
            raise pytest.UsageError(f"{key} is no setting; did you mean {near[0]}?")


def _folder_checked(config: pytest.Config, pattern: str) -> str:
    """A pattern below the root directory. One whose folder is not there would forbid nothing."""
    pattern = pattern.removeprefix("./")
    plain = pattern[: next((at for at, letter in enumerate(pattern) if letter in "*?["), len(pattern))]
    folder = config.rootpath / (plain.rpartition("/")[0] if plain != pattern else plain)
    if Path(pattern).is_absolute() or not folder.exists():
        raise pytest.UsageError(
            f"soundstage_forbid = {pattern} matches nothing: there is no {folder} below the rootdir"
        )
    return pattern


def _looking_only(known: Any) -> bool:
    names = ("collectonly", "help", "version", "showfixtures", "show_fixtures_per_test", "markers", "setupplan")
    return any(getattr(known, name, None) for name in names)


def _spread(known: Any) -> bool:
    """Before pytest-xdist has made up its mind: it reads these later. With a debugger it chooses no workers."""
    if getattr(known, "usepdb", False) and getattr(known, "numprocesses", None) in ("auto", "logical"):
        return False
    numbers, ways = getattr(known, "numprocesses", None), getattr(known, "tx", None)
    dist = getattr(known, "dist", "no")
    return bool(numbers) or bool(ways) or (dist != "no" and numbers != 0)
