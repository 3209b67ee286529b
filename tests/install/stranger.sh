#!/usr/bin/env bash
# stranger.sh PREFIX SCRATCH: builds stranger/ against an installation in PREFIX, outside the tree, and
# runs what it builds.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
prefix=$1 scratch=$2

# expect WHAT WANTED COMMAND...
expect() {
  local got
  got=$("${@:3}") || true
  [[ $got == "$2" ]] || {
    printf '%s:\nwanted %s\ngot    %s\n' "$1" "$2" "$got"
    exit 1
  }
}

rm -rf "$scratch"
mkdir -p "$scratch"
cp -r "$here/stranger" "$scratch/project"
cmake -S "$scratch/project" -B "$scratch/build" -DCMAKE_PREFIX_PATH="$prefix" --log-level=WARNING
cmake --build "$scratch/build"

ctest --test-dir "$scratch/build" --output-on-failure
expect "shout run" '"HELLO YOU"' "$scratch/build/shout" run '{"words": ["hello", "you"]}'
expect "whisper" 'psst' "$scratch/build/whisper"
"$scratch/build/shout" --describe | grep -q '"shout.Shout"' || {
  echo "--describe does not name shout.Shout"
  exit 1
}

# Where CUDA is installed, a module that shows nothing but its entry.
if [[ -e $scratch/build/shout_cuda.so ]]; then
  expect "symbols of shout_cuda.so" "chains_gpu_module" \
    sh -c "nm --dynamic --defined-only '$scratch/build/shout_cuda.so' | cut -d' ' -f3"
else
  echo "GPU modules: SKIPPED: CUDA is not installed"
fi
