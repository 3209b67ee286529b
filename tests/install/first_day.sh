#!/usr/bin/env bash
# first_day.sh PREFIX SCRATCH: what somebody does first with the `chains` that is installed in PREFIX:
# makes a chain, looks at it, runs it, starts a platform, pushes it, calls it.
set -euo pipefail
prefix=$1 scratch=$2
export PATH=$prefix/bin:$PATH CHAINS_HOME=$scratch/home no_proxy=127.0.0.1

# says WHAT COMMAND...: its output has WHAT in it.
says() {
  local output
  output=$("${@:2}" 2>"$scratch/errors") || {
    printf '%s failed:\n%s\n%s\n' "${*:2}" "$output" "$(cat "$scratch/errors")"
    exit 1
  }
  [[ $output == *"$1"* ]] || {
    printf '%s\nshould say: %s\nsays: %s\n' "${*:2}" "$1" "$output"
    exit 1
  }
}

rm -rf "$scratch"
mkdir -p "$scratch"
cd "$scratch"
says 'chains check book-shop' chains init book-shop
says 'book-shop is valid' chains check book-shop
says 'CountWords' chains graph book-shop
says 'flowchart' chains graph book-shop --format mermaid
chains graph book-shop --format svg -o graph.svg
grep -q '</svg>' graph.svg
says 3 chains run book-shop '{"texts": ["one", "two more"]}'

# Completion as a shell asks for it.
# shellcheck disable=SC2016 # that shell expands these
says 'promote' bash -c 'eval "$(chains completion bash)"
COMP_WORDS=(chains pro) COMP_CWORD=1
_chains
echo "${COMPREPLY[@]}"'

trap 'chains down >/dev/null' EXIT
says 'chains is up' chains up --detach --listen 127.0.0.1:0 --grpc-listen 127.0.0.1:0
says 'is live' chains push book-shop
says 3 chains call book-shop '{"texts": ["one", "two more"]}'
says 'book-shop' chains list
says 'CountWords' chains status book-shop
trap - EXIT
chains down
if chains list 2>errors; then
  echo "a platform that is down answers"
  exit 1
fi
grep -q 'chains up' errors
