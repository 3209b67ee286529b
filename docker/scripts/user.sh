#!/bin/sh
# user.sh ROOT: the user that everything of an image runs as, and the folders that are its own: below
# ROOT, which may be empty.
set -eu
root=$1
printf 'chains:x:65532:65532:Chains:/var/lib/chains:/nonexistent\n' >>"$root/etc/passwd"
printf 'chains:x:65532:\n' >>"$root/etc/group"
mkdir -p "$root/tmp" "$root/etc/chains" "$root/run/chains/gateway" "$root/var/lib/chains/run"
chmod 1777 "$root/tmp"
# An engine makes a new volume like the folder that it is mounted on.
chmod -R 0700 "$root/var/lib/chains" "$root/run/chains/gateway"
chown -R 65532:65532 "$root/run/chains" "$root/var/lib/chains"
