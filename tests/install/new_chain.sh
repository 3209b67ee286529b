#!/usr/bin/env bash
# new_chain.sh PREFIX INIT SCRATCH: what `chains init` writes builds against an installation in PREFIX,
# outside the tree, passes its own test and answers.
set -euo pipefail
prefix=$1 init=$2 scratch=$3

rm -rf "$scratch"
mkdir -p "$scratch"
"$init" "$scratch/book-shop"
cmake -S "$scratch/book-shop" -B "$scratch/build" -DCMAKE_PREFIX_PATH="$prefix" \
  -DCMAKE_CXX_FLAGS='-Wall -Wextra -Werror' --log-level=WARNING
cmake --build "$scratch/build"
ctest --test-dir "$scratch/build" --output-on-failure
said=$("$scratch/build/book-shop" run '{"texts": ["one", "two more"]}')
[[ $said == 3 ]] || {
  echo "book-shop says: $said"
  exit 1
}
if "$init" "$scratch/book-shop" 2>"$scratch/error"; then
  echo "a folder that has a chain in it was written over"
  exit 1
fi
grep -q "$scratch/book-shop is not empty" "$scratch/error"
