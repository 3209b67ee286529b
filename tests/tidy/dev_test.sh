#!/usr/bin/env bash
# dev_test.sh DEV: what ./dev says without building anything: help, unknown words, and how setup behaves
# with everything installed, and with nothing and no right to install.
set -uo pipefail
dev=$1
shims=$(mktemp -d)
trap 'rm -rf "$shims"' EXIT
failed=0

# expect EXIT_CODE TEXT ARGUMENT...: what `dev ARGUMENT...` exits with and, among other things, says.
expect() {
  local code=$1 text=$2 output
  shift 2
  output=$(PATH="$shims:$PATH" "$dev" "$@" 2>&1)
  local got=$?
  [[ $got == "$code" && $output == *"$text"* ]] || {
    printf 'dev %s: wanted exit code %s and "%s", got %s and\n%s\n\n' "$*" "$code" "$text" "$got" "$output"
    failed=1
  }
}

# shim NAME SCRIPT: a program that stands before the real one.
shim() {
  printf '#!/bin/sh\n%s\n' "$2" >"$shims/$1"
  chmod +x "$shims/$1"
}

expect 0 "test [--sanitize | --gpu]" help
expect 0 "./dev VERB"
expect 2 "There is no verb 'tset'" tset
expect 2 "there is no group 'gpu'" setup gpu
expect 2 "what is '--fast'?" test --fast
expect 2 "there is no part '1000'; there are edges kills" soak edges 1000

shim dpkg-query 'printf installed'
expect 0 "setup core: all " setup
expect 0 "packages are installed." setup test
expect 0 "packages are installed." setup images
expect 0 "packages are installed." setup ui

shim dpkg-query 'exit 1'
shim id 'echo 1000'
shim apt-get 'echo "After this operation, 771 MB of additional disk space will be used."; exit 1'
expect 1 "771 MB" setup
expect 1 "sudo apt-get update && sudo apt-get install --yes --no-install-recommends g++" setup core
exit $failed
