"""Place: where Soundstage is and what opens it, as its own command line finds it.

`SOUNDSTAGE_URL` and `SOUNDSTAGE_TOKEN` say it; else `addresses.json` and `admin.token` of the data directory do.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pytest_soundstage.trouble import Unanswered

DATA_DIR = "soundstage-data"


@dataclass(frozen=True)
class Place:
    """The dashboard's URL, and a bearer token, which is never shown."""

    url: str
    token: str = field(repr=False)

    def page(self, capture: str) -> str:
        """The page of one capture."""
        return f"{self.url}/attempts/{capture}"


def found(environ: Mapping[str, str] | None = None, folder: Path | None = None) -> Place:
    """Raises Unanswered where nothing says where Soundstage is."""
    environ = os.environ if environ is None else environ
    url, token = environ.get("SOUNDSTAGE_URL", ""), environ.get("SOUNDSTAGE_TOKEN", "")
    if url and token:
        return Place(url.rstrip("/"), token)
    if url:
        raise Unanswered(f"SOUNDSTAGE_URL={url} is set, and SOUNDSTAGE_TOKEN is not; the API needs both")
    data = Path(environ.get("SOUNDSTAGE_DATA_DIR") or (folder or Path.cwd()) / DATA_DIR)
    return of_data_dir(data, environ)


def named(url: str | None, token: str | None) -> Place:
    """The one that a program names; what it leaves out is found. Raises Unanswered for a URL without any token."""
    if url is None:
        return found() if token is None else Place(found().url, token)
    token = token or os.environ.get("SOUNDSTAGE_TOKEN")
    if not token:
        raise Unanswered(f"a token is needed for the Soundstage at {url}: pass it, or set SOUNDSTAGE_TOKEN")
    return Place(url.rstrip("/"), token)


def of_data_dir(data: Path, environ: Mapping[str, str]) -> Place:
    """Where the Soundstage of a data directory is. Raises Unanswered where none runs on it."""
    try:
        url = json.loads((data / "addresses.json").read_text(encoding="utf-8"))["dashboard"]
    except FileNotFoundError:
        raise Unanswered(
            f"no Soundstage runs on {data}: it has no addresses.json; set SOUNDSTAGE_URL and SOUNDSTAGE_TOKEN, or "
            "SOUNDSTAGE_DATA_DIR, or let pytest start one with --soundstage=auto"
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as trouble:
        raise Unanswered(f"{data / 'addresses.json'} cannot be read: {trouble}") from None
    return Place(str(url).rstrip("/"), environ.get("SOUNDSTAGE_TOKEN") or _admin_token(data, environ))


def _admin_token(data: Path, environ: Mapping[str, str]) -> str:
    file = Path(environ.get("SOUNDSTAGE_ADMIN_TOKEN_FILE") or data / "admin.token")
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as trouble:
        raise Unanswered(f"the token in {file} cannot be read ({trouble.strerror}); set SOUNDSTAGE_TOKEN") from None
