"""The CA in a Java home's `cacerts`, put there by keytool; the file as it was lies beside it until removal."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from soundstage.trouble import ConfigError

ALIAS = "soundstage"
PASSWORD = "changeit"  # noqa: S105 - the one that every JDK ships with; it guards nothing
BACKUP = ".before-soundstage"
AFTER = ".after-soundstage"
"""Beside the store: its digest right after the installation, to tell whether anybody changed it since."""


def store_of(home: Path) -> Path:
    """The store a Java home uses. Raises ConfigError where there is none."""
    for place in ("lib/security/cacerts", "jre/lib/security/cacerts"):
        if (home / place).is_file():
            return (home / place).resolve()
    raise ConfigError(f"--java {home} is no Java home: it has no lib/security/cacerts")


def holds_ca(store: Path) -> bool:
    """Whether we put the CA there."""
    return _beside(store, BACKUP).exists()


def install(home: Path, ca: Path) -> bool:
    """Put the CA there; False where it is there already. A CA made anew replaces an older one."""
    store = store_of(home)
    if holds_ca(store):
        if _beside(store, AFTER).read_text().split()[-1] == _digest(ca):
            return False
        remove(home)
    shutil.copy2(store, _beside(store, BACKUP))
    try:
        _keytool(home, store, "-importcert", "-noprompt", "-file", str(ca))
    except BaseException:
        remove(home)
        raise
    _beside(store, AFTER).write_text(f"{_digest(store)} {_digest(ca)}\n")
    return True


def remove(home: Path) -> bool:
    """Put back what was there; where somebody changed the store since, take our entry out of it alone."""
    store = store_of(home)
    backup, after = _beside(store, BACKUP), _beside(store, AFTER)
    if not backup.exists():
        return False
    if not after.exists() or after.read_text().split()[0] == _digest(store):
        backup.replace(store)
    else:
        _keytool(home, store, "-delete")
        backup.unlink()
    after.unlink(missing_ok=True)
    return True


def _beside(store: Path, suffix: str) -> Path:
    return store.with_name(store.name + suffix)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _keytool(home: Path, store: Path, *action: str) -> None:
    tool = home / "bin" / "keytool"
    command = [str(tool), *action, "-keystore", str(store), "-storepass", PASSWORD, "-alias", ALIAS]
    # JAVA_TOOL_OPTIONS makes every Java program print a line, and may name the very store that is being changed.
    environment = {name: value for name, value in os.environ.items() if name != "JAVA_TOOL_OPTIONS"}
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, env=environment)  # noqa: S603 - no shell
    except FileNotFoundError:
        raise ConfigError(f"--java {home} has no bin/keytool") from None
    except subprocess.CalledProcessError as failed:
        said = " ".join((failed.stdout + failed.stderr).split())
        raise ConfigError(f"keytool could not change {store}: {said}") from None
