"""How each shell writes that a variable has a value. Pure; any value comes out as the same text it went in."""

import re
import shlex
from collections.abc import Mapping

NOT_EXPLAINED: Mapping[str, str] = {}


def shown(variables: Mapping[str, str], shell: str, explained: Mapping[str, str] = NOT_EXPLAINED) -> str:
    """Lines to evaluate (`sh`, `fish`, `powershell`) or to keep in a file (`dotenv`), with comments on those known."""
    write = {"sh": _sh, "fish": _fish, "powershell": _powershell, "dotenv": _dotenv}[shell]
    lines = []
    for name, value in variables.items():
        if name in explained:
            lines.append(f"# {explained[name]}")
        lines.append(write(name, value))
    return "\n".join(lines)


def _sh(name: str, value: str) -> str:
    return f"export {name}={shlex.quote(value)}"


def _fish(name: str, value: str) -> str:
    quoted = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"set -gx {name} '{quoted}'"


def _powershell(name: str, value: str) -> str:
    quoted = value.replace("'", "''")
    return f"$Env:{name} = '{quoted}'"


def _dotenv(name: str, value: str) -> str:
    """Bare where every reader agrees (docker takes quotes as part of the value), quoted where it has to be."""
    if re.fullmatch(r"[\w./:@,%+=-]*", value, re.ASCII):
        return f"{name}={value}"
    quoted = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$").replace("\n", "\\n")
    return f'{name}="{quoted}"'
