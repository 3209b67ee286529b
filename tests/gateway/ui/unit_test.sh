#!/usr/bin/env bash
# unit_test.sh NPM FOLDER: types, lint and unit tests of the page in FOLDER. Installs its packages where
# they are missing or old; where that cannot be, for want of a network, it is skipped and says so.
set -euo pipefail
npm=$1
cd "$2"
if [[ ! node_modules/.package-lock.json -nt package-lock.json ]]; then
  "$npm" ci --no-audit --no-fund || {
    echo "SKIPPED: npm ci failed; the packages of gateway/ui cannot be installed here." >&2
    exit 77
  }
fi
exec "$npm" run --silent check
