"""Where settings come from: SOUNDSTAGE_* variables over the YAML of `--config` over the defaults."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from soundstage.settings import Settings, refuse_exposure
from soundstage.trouble import ConfigError

PREFIX = "SOUNDSTAGE_"
CLIENT_VARIABLES = (
    "SOUNDSTAGE_CONFIG",
    "SOUNDSTAGE_URL",
    "SOUNDSTAGE_TOKEN",
    "SOUNDSTAGE_RUN",
    "SOUNDSTAGE_JOB",
    "SOUNDSTAGE_COMMAND",
)
"""Read by commands, not by the gateway: where its file is, and how clients find a running one."""
PATH_FIELDS = ("data_dir", "hosts_file", "admin_token_file", "trust_dir", "upstream_ca_file")
FIELDS = tuple(Settings.model_fields)


@dataclass(frozen=True, slots=True)
class Given:
    """One value as somebody gave it, and where, for the error message."""

    origin: str
    value: Any


def read_settings(
    environ: Mapping[str, str], config: Path | None = None, overrides: Mapping[str, Any] | None = None
) -> Settings:
    """The settings in force. `overrides` are the command line's own options, by field; they win.

    Raises ConfigError naming the variable or key, its value, and what would be right.
    """
    named = config or (Path(environ["SOUNDSTAGE_CONFIG"]) if environ.get("SOUNDSTAGE_CONFIG") else None)
    given = _from_file(named) if named else {}
    given |= _from_environment(environ)
    given |= {
        field: Given(f"--{field.replace('_', '-')}", value) for field, value in (overrides or {}).items() if value
    }
    settings = _validated(given)
    refuse_exposure(settings)
    return settings


def _validated(given: Mapping[str, Given]) -> Settings:
    try:
        read = Settings(**{field: one.value for field, one in given.items()})
    except ValidationError as refused:
        first = refused.errors()[0]
        one = given[str(first["loc"][0])]
        raise ConfigError(f"{one.origin}={_shown(one.value)}: {first['msg'].removeprefix('Value error, ')}") from None
    return read.model_copy(update={"data_dir": read.data_dir.expanduser().absolute()})


def _shown(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 200 else f"{text[:200]}..."


def _from_environment(environ: Mapping[str, str]) -> dict[str, Given]:
    given = {}
    for name, value in environ.items():
        if not name.startswith(PREFIX) or name in CLIENT_VARIABLES:
            continue
        field = name.removeprefix(PREFIX).lower()
        if field not in FIELDS or name != name.upper():
            raise _unknown("the environment variable", name, [*CLIENT_VARIABLES, *(PREFIX + f.upper() for f in FIELDS)])
        if value.strip():  # compose passes `${NAME:-}` on as an empty value, meaning unset
            given[field] = Given(name, value)
    return given


def _unknown(what: str, name: str, known: list[str]) -> ConfigError:
    closest = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean {closest[0]}?" if closest else f"known are {', '.join(sorted(known))}"
    if name.startswith(("SOUNDSTAGE_SERVICE_", "SOUNDSTAGE_PORT")):
        hint = "Kubernetes sets it for a Service named soundstage: set enableServiceLinks: false in the pod"
    return ConfigError(f"{what} {name} is no setting of Soundstage", hint)


def _from_file(path: Path) -> dict[str, Given]:
    read = _parsed(path)
    for key in read:
        if key not in FIELDS:
            raise _unknown(f"in {path}, the key", str(key), list(FIELDS))
    return {
        key: Given(f"{path}: {key}", _anchored(key, value, path)) for key, value in read.items() if value is not None
    }


def _parsed(path: Path) -> dict[Any, Any]:
    import yaml  # here: most have no such file, and every command reads the settings

    try:
        read = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as trouble:
        raise ConfigError(f"the settings file {path} cannot be read: {trouble.strerror or trouble}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as trouble:
        raise ConfigError(f"the settings file {path} is not YAML: {' '.join(str(trouble).split())}") from None
    if read is not None and not isinstance(read, dict):
        raise ConfigError(f"the settings file {path} has to be a mapping of settings, it is a {type(read).__name__}")
    return read or {}


def _anchored(key: str, value: Any, path: Path) -> Any:
    """Paths in a file are relative to that file, so that it means the same from wherever it is used."""
    if key in PATH_FIELDS:
        return path.parent / str(value)
    if key in ("policy", "packs"):
        given = value if isinstance(value, list) else [value]
        return [path.parent / str(item) for item in given]
    return value
