#!/bin/sh
# push_once.sh EXAMPLE: deploys a chain of this image, where the platform does not have it yet.
set -eu
if chains status "$1" >/dev/null 2>&1; then
  echo "$1 is deployed: chains status $1"
else
  exec chains push "/usr/lib/chains/examples/$1"
fi
