#!/bin/sh
# What a CI job needs before Soundstage can be started in it: its Python packages, the programs of `soundstage run`, and
# user namespaces, where the machine keeps them from ordinary users. Says what it cannot have; containment is not silently
# given up, since `soundstage run` then calls the run inconclusive.
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd)
proc=${STAGE_PROC:-/proc/sys}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

if ! command -v ip >/dev/null 2>&1 || ! command -v nft >/dev/null 2>&1; then
    { as_root apt-get update -qq && as_root apt-get install -y -qq --no-install-recommends iproute2 nftables; } >&2 || {
        echo "soundstage: error: ip (iproute2) and nft (nftables) are not installed, and could not be" >&2
        exit 2
    }
fi

# Ubuntu 23.10 and later: AppArmor takes from a user namespace what it is made for. One setting for each way of keeping it.
allow() {
    setting=$proc/$(echo "$1" | tr . /)
    if [ -r "$setting" ] && [ "$(cat "$setting")" != "$2" ]; then
        as_root sysctl -q -w "$1=$2" || echo "soundstage: warning: $1 is not $2 and could not be set" >&2
    fi
}
allow kernel.apparmor_restrict_unprivileged_userns 0
allow kernel.unprivileged_userns_clone 1

sh "$here/deploy/prepare" run
