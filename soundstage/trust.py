"""`soundstage trust`: programs that bring their own certificates are made to trust the CA, and exactly undone."""

import argparse
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from soundstage import trust_java
from soundstage.options import given
from soundstage.settings_source import read_settings
from soundstage.trouble import ConfigError
from soundstage.trust_bundle import read_ca
from soundstage.trust_pem import held_ca, with_ca, without_ca
from soundstage.trust_places import folder_bundles, node_bundles, python_bundles

Row = tuple[Path, str]
"""A store, and what is so of it now."""


def trust(arguments: argparse.Namespace) -> int:
    """Install, remove or list. Raises ConfigError where a named place is not what it is said to be."""
    settings = read_settings(os.environ, arguments.config, given(arguments, ("data_dir",)))
    work = {"install": _install, "remove": _remove, "list": _list}[arguments.what]
    _show(list(work(arguments, settings.data_dir)), as_json=arguments.json)
    return 0


def _install(arguments: argparse.Namespace, data_dir: Path) -> Iterator[Row]:
    ca = read_ca(data_dir)
    for path in _pem_files(arguments):
        changed = _rewrite(path, lambda content: with_ca(content, ca))
        yield path, "installed" if changed else "installed already"
    for home in arguments.java:
        changed = trust_java.install(home, data_dir / "ca.pem")
        yield trust_java.store_of(home), "installed" if changed else "installed already"


def _remove(arguments: argparse.Namespace, data_dir: Path) -> Iterator[Row]:
    for path in _pem_files(arguments):
        yield path, "removed" if _rewrite(path, without_ca) else "not there"
    for home in arguments.java:
        yield trust_java.store_of(home), "removed" if trust_java.remove(home) else "not there"


def _list(arguments: argparse.Namespace, data_dir: Path) -> Iterator[Row]:
    ca = read_ca(data_dir)
    for path in _pem_files(arguments):
        held = held_ca(path.read_bytes())
        yield path, "not there" if held is None else "installed" if held.strip() == ca.strip() else "another CA"
    for home in arguments.java:
        store = trust_java.store_of(home)
        yield store, "installed" if trust_java.holds_ca(store) else "not there"


def _pem_files(arguments: argparse.Namespace) -> list[Path]:
    environments = list(arguments.venv)
    if not (environments or arguments.node or arguments.java or arguments.folder):
        if not os.environ.get("VIRTUAL_ENV"):
            hint = "name --venv DIR, --node DIR, --folder DIR or --java HOME"
            raise ConfigError("trust needs to know whose certificates, and no virtual environment is active", hint)
        environments = [Path(os.environ["VIRTUAL_ENV"])]
    found = [path for venv in environments for path in python_bundles(venv)]
    found += [path for project in arguments.node for path in node_bundles(project)]
    return found + [path for folder in arguments.folder for path in folder_bundles(folder)]


def _rewrite(path: Path, change: Callable[[bytes], bytes]) -> bool:
    """Put a changed file in the old one's place. Never written in place: package managers hard-link files."""
    before = path.read_bytes()
    after = change(before)
    if after == before:
        return False
    fresh = path.with_name(f".{path.name}.soundstage")
    try:
        fresh.write_bytes(after)
        fresh.chmod(path.stat().st_mode & 0o7777)
        fresh.replace(path)
    except OSError as trouble:
        fresh.unlink(missing_ok=True)
        raise ConfigError(f"{path} cannot be written: {trouble.strerror}") from None
    return True


def _show(rows: list[Row], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps([{"store": str(path), "state": state} for path, state in rows], indent=1))
        return
    for path, state in rows:
        print(f"{state:<17}  {path}")
    if not rows:
        print("no certificates of their own were found there")
