#!/bin/sh
# Trains the tiny model from a Debian package's text and writes chainlets/poems/model.
#
#   apt-get install sword-text-web libsword-utils python3-torch libopenblas0-serial \
#       python3-sentencepiece python3-protobuf
#   chainlets/poems/train/run.sh [FOLDER FOR INTERMEDIATE FILES]
#
# One thread, 40 minutes; README.md says what a core learns in them.
set -eu
cd "$(dirname "$0")"
out="${1:-$(mktemp -d)}"
export OMP_NUM_THREADS=1
# The packages are Debian's, so is the interpreter that sees them.
python=/usr/bin/python3
mod2imp engWEB2015eb | "$python" prepare.py "$out"
"$python" tokenizer.py "$out"
nice "$python" train.py "$out"
"$python" export.py "$out" ../model
"$python" evaluate.py "$out" ../model
"$python" golden.py ../model ../../../tests/chainlets/poems/data/tiny_model.json
