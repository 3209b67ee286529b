#!/usr/bin/env bash
# fuzz.sh FOLDER: runs every libFuzzer program in FOLDER for its share of SECONDS_IN_ALL (3600), JOBS
# at a time, and prints a verdict for each. An input that crashes one, that takes it longer than ten
# seconds or more than 2 GiB is a failure; it is kept in FOLDER/failures. What a run finds is added to
# FOLDER/TARGET, for the next one to begin with.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

folder=$1
seconds=${SECONDS_IN_ALL:-3600}
jobs=${JOBS:-$(nproc)}
corpora=$PWD/tests/fuzz/corpus
mkdir -p "$folder/failures"

shopt -s nullglob
programs=("$folder"/*_fuzz)
if [[ ${#programs[@]} == 0 ]]; then
  echo "fuzz: there is no program in $folder; build the target fuzzers of the preset fuzz." >&2
  exit 2
fi
each=$((seconds * jobs / ${#programs[@]}))
((each > 0)) || each=1

# one PROGRAM: its verdict, as a line of a table.
one() {
  local program=$1 target log count
  target=$(basename "$program" _fuzz)
  log=$folder/failures/$target.log
  mkdir -p "$folder/$target"
  if "$program" -max_total_time="$each" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$folder/failures/$target-" "$folder/$target" "$corpora/$target" >"$log" 2>&1; then
    count=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    printf '%-14s ok    %s inputs in %s s\n' "$target" "${count:-?}" "$each"
    rm -f "$log"
  else
    printf '%-14s FAILS see %s\n' "$target" "$log"
    return 1
  fi
}
export -f one
export each folder corpora

echo "fuzz: ${#programs[@]} targets, $each s each, $jobs at a time"
# shellcheck disable=SC2016 # the inner shell expands it
printf '%s\0' "${programs[@]}" | xargs -0 -P "$jobs" -I{} bash -c 'one "$1"' _ {} || {
  echo "fuzz: failed" >&2
  exit 1
}
