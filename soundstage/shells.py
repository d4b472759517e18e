"""How each shell writes that a variable has a value. Pure; any value comes out as the same text it went in."""

import re
import shlex
from collections.abc import Mapping


def shown(variables: Mapping[str, str], shell: str) -> str:
    """Lines to evaluate (`sh`, `fish`, `powershell`) or to keep in a file (`dotenv`)."""
    write = {"sh": _sh, "fish": _fish, "powershell": _powershell, "dotenv": _dotenv}[shell]
    return "\n".join(write(name, value) for name, value in variables.items())


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
