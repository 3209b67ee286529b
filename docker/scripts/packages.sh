#!/bin/sh
# packages.sh TO [JOBS]: builds the sources in the current folder, and their packages in TO.
set -eu
to=$1 jobs=${2:-$(nproc)}
cmake --preset release --log-level=WARNING -DBUILD_TESTING=OFF
cmake --build --preset release --parallel "$jobs"
docker/scripts/pack.sh build/release "$to"
