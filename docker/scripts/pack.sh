#!/bin/sh
# pack.sh BUILD TO [COMPONENT...]: packages of what BUILD has built, in TO: all that images are made
# of, which are those of a release and the chains to try; or some, as "cli gateway".
set -eu
build=$1 to=$2
shift 2
config=$build/CPackConfig.cmake
components=$(sed -n 's/^set(CPACK_COMPONENTS_ALL "\(.*\)")$/\1/p' "$config")\;examples
[ $# = 0 ] || components=$(echo "$@" | tr ' ' ';')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Fast: what is packed here is unpacked once, and at once.
cpack -G DEB --config "$config" -B "$work" -D CPACK_DEBIAN_COMPRESSION_TYPE=none \
  -D "CPACK_COMPONENTS_ALL=$components" >"$work/log" 2>&1 || {
  cat "$work/log" >&2
  exit 1
}
mkdir -p "$to"
cp "$work"/*.deb "$to"
