"""`soundstage captures`: list, show, export and purge what was captured, through the API."""

import argparse
import json
import os
import sys
from collections.abc import Iterator
from typing import Any

from policies.verification_summary import numbered
from soundstage.api import Api
from soundstage.arguments import FILTERS
from soundstage.options import given
from soundstage.settings_source import read_settings
from soundstage.table import table
from soundstage.trouble import ConfigError


def listed(arguments: argparse.Namespace) -> int:
    """The newest that match."""
    if arguments.limit < 1:
        raise ConfigError(f"--limit {arguments.limit}: must be 1 or more")
    items = list(_api(arguments).captures(_filters(arguments), arguments.limit))
    if arguments.json:
        print(json.dumps(items, indent=1))
    else:
        print(table(("at", "verdict", "channel", "what", "where", "id"), map(_row, items)))
    return 0


def shown(arguments: argparse.Namespace) -> int:
    """One, with everything the API says of it."""
    one = _api(arguments).get(f"/api/captures/{arguments.id}")
    print(json.dumps(one, indent=None if arguments.json else 2))
    return 0


def exported(arguments: argparse.Namespace) -> int:
    """All that match, one JSON object a line. Raises ConfigError where the file cannot be written."""
    items = _api(arguments).captures(_filters(arguments))
    if arguments.output is None:
        _lines(items, sys.stdout)
        return 0
    try:
        # "x": an export never overwrites somebody's file, and never follows a link that waits for it.
        with arguments.output.open("x", encoding="utf-8") as file:
            count = _lines(items, file)
    except FileExistsError:
        raise ConfigError(f"--output {arguments.output} is there already", "name a new file, or remove it") from None
    except OSError as trouble:
        raise ConfigError(f"--output {arguments.output}: {trouble.strerror}") from None
    print(f"{numbered(count, 'capture')} written to {arguments.output}", file=sys.stderr)
    return 0


def purged(arguments: argparse.Namespace) -> int:
    """Delete what matches. Without a filter, only with --all: a typing mistake must not empty the ledger."""
    filters = _filters(arguments)
    if not filters and not arguments.all:
        raise ConfigError("purge without a filter would delete every capture", "say --all if that is meant")
    told = _api(arguments).delete("/api/captures", filters)
    print(json.dumps(told) if arguments.json else f"{numbered(told['removed'], 'capture')} deleted")
    return 0


def _api(arguments: argparse.Namespace) -> Api:
    return Api.found(read_settings(os.environ, arguments.config, given(arguments, ("data_dir",))))


def _filters(arguments: argparse.Namespace) -> dict[str, str]:
    asked = {name: getattr(arguments, f"filter_{name}") for name in FILTERS}
    return {name: value for name, value in asked.items() if value is not None}


def _row(item: dict[str, Any]) -> tuple[str, ...]:
    target = item["target"]
    asked = " ".join(filter(None, (target.get("method"), target.get("path"))))
    what = (
        item["operation"]
        or asked
        or item["facts"].get("subject")
        or item["facts"].get("what")
        or item["facts"].get("job")
        or ""
    )
    verdict = item["verdict"] + (" (left)" if item["left"] else "")
    return f"{item['at'][:19]}Z", verdict, item["channel"], what, _where(item), item["id"]


def _where(item: dict[str, Any]) -> str:
    to = item["facts"].get("to")
    if isinstance(to, list) and to:
        more = f" +{len(to) - 1}" if len(to) > 1 else ""
        return f"{to[0]}{more}"
    return str(item["target"]["host"])


def _lines(items: Iterator[dict[str, Any]], file: Any) -> int:
    count = 0
    for item in items:
        file.write(json.dumps(item) + "\n")
        count += 1
    return count
