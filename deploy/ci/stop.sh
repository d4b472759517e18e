#!/bin/sh
# Ends what start.sh started, and puts what it said beside the reports. Never fails: the job has its result by now.
folder=${STAGE_FOLDER:-${RUNNER_TEMP:-${TMPDIR:-/tmp}}/soundstage-ci}
reports=${STAGE_REPORTS:-soundstage-reports}
[ -e "$folder/pid" ] || exit 0
pid=$(cat "$folder/pid")
kill "$pid" 2>/dev/null
tries=75 # of a fifth of a second each
while kill -0 "$pid" 2>/dev/null && [ "$tries" -gt 0 ]; do
    sleep 0.2
    tries=$((tries - 1))
done
kill -9 "$pid" 2>/dev/null
rm -f "$folder/pid"
# The sign-in link in it is of no use to anybody any more.
mkdir -p "$reports" && cp "$folder/up.log" "$reports/soundstage.log"
exit 0
