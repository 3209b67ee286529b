#!/bin/sh
# debian.sh IMAGE: finishes an image that is a Debian: its user, its SBOM, nothing that gives rights.
set -eu
here=$(dirname "$0")
grep -q '^chains:' /etc/passwd || "$here/user.sh" ""
if [ -d /usr/local/lib/cuda ]; then
  echo /usr/local/lib/cuda >/etc/ld.so.conf.d/cuda.conf
  ldconfig
fi
find / -xdev -type f -perm /6000 -exec chmod a-s {} +
dpkg-query --show --showformat='${binary:Package}\n' | cut -d: -f1 | sort -u | "$here/sbom.sh" "" "$1"
rm -rf /var/cache/ldconfig
