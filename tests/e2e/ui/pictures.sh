#!/usr/bin/env bash
# pictures.sh SHOTS: the pictures of README, in gateway/ui/pictures, from screenshots of ui_test.py:
#
#   UI_SHOTS=/tmp/shots UI_LOAD=10 BIN=build/release/bin tests/e2e/ui_test.py Page
#   tests/e2e/ui/pictures.sh /tmp/shots
set -euo pipefail
shots=$1
pictures=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../../gateway/ui" && pwd)/pictures
shown=(
  overview-desktop-light graph-desktop-light call-desktop-light call-stream-desktop-dark
  trace-desktop-dark traces-desktop-light logs-desktop-dark deployments-desktop-light
  promote-desktop-light settings-chain-desktop-light settings-desktop-light
  sign-in-desktop-dark graph-phone-dark call-phone-light
)
# Where the platform could make a recording.
[[ ! -e $shots/recordings-desktop-light.png ]] || shown+=(recordings-desktop-light make-test-desktop-light)
mkdir -p "$pictures"
for name in "${shown[@]}"; do
  ffmpeg -loglevel error -y -i "$shots/$name.png" -c:v libwebp -quality 80 -compression_level 6 -preset text \
    -frames:v 1 "$pictures/$name.webp"
done
du -cb "$pictures"/*.webp | tail -n 1
