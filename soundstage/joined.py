"""Variables that hold several things at once: ours are added to what the user has set, instead of replacing it.

The same values added a second time change nothing.
"""

import os
from collections.abc import Mapping

from soundstage.java_options import after


def joined(environ: Mapping[str, str], variables: Mapping[str, str]) -> dict[str, str]:
    """`variables`, with what `environ` has of the two that are lists."""
    made = dict(variables)
    for name, join in {"JAVA_TOOL_OPTIONS": after, "PHP_INI_SCAN_DIR": _folders}.items():
        if name in variables and name in environ:
            made[name] = join(environ[name], variables[name])
    return made


def _folders(theirs: str, ours: str) -> str:
    """PHP's list of folders; an empty one in it is the built-in one, and ours begins with it."""
    folder = ours.removeprefix(os.pathsep)
    kept = [place for place in theirs.split(os.pathsep) if place != folder]
    return os.pathsep.join([*kept, folder])
