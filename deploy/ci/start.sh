#!/bin/sh
# Starts Soundstage beside a CI job's own steps and returns when it is ready: on free ports, with everything it keeps in
# STAGE_FOLDER. `soundstage` is put into STAGE_FOLDER/bin, without the rest of its Python's programs; on GitHub that and the
# data directory are made known to the steps that follow.
set -eu
here=$(cd "$(dirname "$0")/../.." && pwd)
folder=${STAGE_FOLDER:-${RUNNER_TEMP:-${TMPDIR:-/tmp}}/soundstage-ci}
tries=300 # of a fifth of a second each
data=${SOUNDSTAGE_DATA_DIR:-$folder/data}
python=$here/.venv/bin/python

mkdir -p "$folder/bin"
ln -sf "$here/.venv/bin/soundstage" "$folder/bin/soundstage"
for name in PROXY SMTP SMTPS HTTPS HTTP DNS SOCKS DASHBOARD; do
    eval ": \"\${SOUNDSTAGE_${name}_PORT:=0}\"" # a port that is given stays; 8080 is often a service container's
    export "SOUNDSTAGE_${name}_PORT"
done
export SOUNDSTAGE_DATA_DIR="$data"
rm -f "$data/addresses.json"
# A session of its own: the step that starts it ends, and it goes on.
setsid "$python" -P -m soundstage up </dev/null >"$folder/up.log" 2>&1 &
pid=$!
echo "$pid" >"$folder/pid"

ready() {
    "$python" - "$data/addresses.json" <<'PYTHON' 2>/dev/null
import json, sys, urllib.request
url = json.load(open(sys.argv[1]))["dashboard"]
straight = urllib.request.build_opener(urllib.request.ProxyHandler({}))
straight.open(url + "/readyz", timeout=5).close()
print(url)
PYTHON
}

until [ -e "$data/addresses.json" ] && url=$(ready); do
    if ! kill -0 "$pid" 2>/dev/null || [ "$tries" -le 0 ]; then
        echo "soundstage: error: soundstage up did not become ready; what it said:" >&2
        cat "$folder/up.log" >&2
        kill "$pid" 2>/dev/null || true
        exit 2
    fi
    sleep 0.2
    tries=$((tries - 1))
done

echo "soundstage is ready at $url"
if [ -n "${GITHUB_ENV:-}" ]; then
    echo "SOUNDSTAGE_DATA_DIR=$data" >>"$GITHUB_ENV"
    echo "$folder/bin" >>"$GITHUB_PATH"
    echo "url=$url" >>"$GITHUB_OUTPUT"
fi
