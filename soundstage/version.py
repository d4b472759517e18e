"""Version: which Soundstage this is, as `soundstage --version` prints it."""

import importlib.metadata
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def version() -> str:
    """As it is installed; of a checkout that is not, as its pyproject.toml says."""
    try:
        return importlib.metadata.version("soundstage")
    except importlib.metadata.PackageNotFoundError:
        return str(tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"])
