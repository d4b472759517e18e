"""Powers: the capability that Soundstage may be given, to read the log of refused packets, is the gateway's alone."""

import contextlib
import os
import sys

from soundstage import namespace_kernel as kernel


def keep_to_oneself() -> None:
    """What this process was given goes to none that it starts: an emulator is somebody else's code."""
    if sys.platform == "linux":
        # A kernel that knows no ambient capabilities (before 4.3) passes none on.
        with contextlib.suppress(OSError):
            kernel.prctl(kernel.PR_CAP_AMBIENT, kernel.AMBIENT_CLEAR_ALL)


def give_up() -> None:
    """Be without any. Root keeps its own: files that are not root's would be closed to it."""
    keep_to_oneself()
    if sys.platform == "linux" and os.geteuid() != 0:
        kernel.give_up_capabilities()
