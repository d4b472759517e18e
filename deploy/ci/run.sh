#!/bin/sh
# Runs STAGE_COMMAND as one contained run and judges it, with its reports in STAGE_REPORTS. Ends as `soundstage run` does:
# with the command's own code if that is not 0, else 0 clean, 1 violated, 2 inconclusive.
#   STAGE_NAME, STAGE_EXPECT (a file), STAGE_SERVICES (ports and sockets, with blanks between), STAGE_ALLOW_UNCONTAINED=true
set -eu
folder=${STAGE_FOLDER:-${RUNNER_TEMP:-${TMPDIR:-/tmp}}/soundstage-ci}
reports=${STAGE_REPORTS:-soundstage-reports}
if [ -z "${STAGE_COMMAND:-}" ]; then
    echo "soundstage: error: STAGE_COMMAND is empty: there is nothing to run" >&2
    exit 2
fi
mkdir -p "$reports"
export SOUNDSTAGE_DATA_DIR="${SOUNDSTAGE_DATA_DIR:-$folder/data}"

set -- --name "${STAGE_NAME:-ci}" --about "$reports/about.json"
for service in ${STAGE_SERVICES:-}; do set -- "$@" --service "$service"; done
if [ "${STAGE_ALLOW_UNCONTAINED:-}" = true ]; then set -- "$@" --allow-uncontained; fi
if [ -n "${STAGE_EXPECT:-}" ]; then
    set -- "$@" --expect "$STAGE_EXPECT" --junit "$reports/junit.xml" --sarif "$reports/soundstage.sarif" \
        --gitlab "$reports/code-quality.json" --json "$reports/verdict.json"
    if [ -z "${GITHUB_STEP_SUMMARY:-}" ]; then set -- "$@" --summary "$reports/summary.md"; fi
fi
if command -v bash >/dev/null 2>&1; then
    exec "$folder/bin/soundstage" run "$@" -- bash --noprofile --norc -eo pipefail -c "$STAGE_COMMAND"
fi
exec "$folder/bin/soundstage" run "$@" -- sh -ec "$STAGE_COMMAND"
