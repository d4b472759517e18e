"""Why this machine gives no namespaces, and what an administrator would have to say for it to."""

import sys
from pathlib import Path

SWITCHES = (
    (
        "kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "AppArmor keeps them from ordinary users",
        "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
    ),
    (
        "kernel/unprivileged_userns_clone",
        "0",
        "the kernel keeps them from ordinary users",
        "sudo sysctl -w kernel.unprivileged_userns_clone=1",
    ),
    ("user/max_user_namespaces", "0", "there may be none at all", "sudo sysctl -w user.max_user_namespaces=10000"),
    (
        "user/max_net_namespaces",
        "0",
        "there may be no network of their own",
        "sudo sysctl -w user.max_net_namespaces=10000",
    ),
)
"""Each: a file under /proc/sys, the value that forbids, what that means, what allows them."""


def explained(why: str, settings: Path = Path("/proc/sys"), platform: str = sys.platform) -> tuple[str, str | None]:
    """`why` with the reason found on this machine, and what to do."""
    if platform != "linux":
        return "a command is contained by Linux namespaces, which this system does not have", None
    for file, forbids, reason, remedy in SWITCHES:
        path = settings / file
        if path.is_file() and path.read_text().strip() == forbids:
            return f"{why}; {reason} ({file.replace('/', '.')} = {forbids})", f"to allow them: {remedy}"
    return why, "a container's seccomp profile may forbid them: run it with one that allows unshare and mount"
