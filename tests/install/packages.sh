#!/usr/bin/env bash
# packages.sh BUILD SCRATCH: makes the packages of BUILD, installs them into an empty Debian as README
# says, builds and runs stranger/ there, and spends a first day with what is installed. Takes minutes;
# skips with 77 where an empty Debian cannot be made.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build=$1 scratch=$2 root=$2/root
# shellcheck source=/dev/null
suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")

skip() {
  echo "SKIPPED: $1"
  exit 77
}
[[ $(id -u) == 0 ]] || skip "only root can make an empty Debian"
for tool in debootstrap dpkg-shlibdeps cpack; do
  command -v "$tool" >/dev/null || skip "$tool is not installed (./dev setup test)"
done
[[ $suite == bookworm ]] || skip "packages are for Debian 12, and this is ${suite:-something else}"

in_root() { chroot "$root" env -i PATH=/usr/bin:/usr/sbin:/bin:/sbin DEBIAN_FRONTEND=noninteractive "$@"; }

rm -rf "$scratch"
mkdir -p "$scratch"
# Never removes what is mounted.
clean_up() {
  ! mountpoint -q "$root/proc" || umount "$root/proc" || return
  rm -rf "$root"
}
trap clean_up EXIT
echo "== packages"
cpack -G DEB --config "$build/CPackConfig.cmake" -B "$scratch/packages" >"$scratch/cpack.log" 2>&1 || {
  cat "$scratch/cpack.log"
  exit 1
}
for package in "$scratch"/packages/*.deb; do
  # shellcheck disable=SC2016 # dpkg expands these
  dpkg-deb --show --showformat='${Package} ${Version}, ${Installed-Size} kB: ${Depends}\n' "$package"
done

echo "== an empty $suite"
debootstrap --variant=minbase "$suite" "$root" >"$scratch/debootstrap.log" 2>&1 ||
  skip "debootstrap failed: $(tail -n 1 "$scratch/debootstrap.log")"
cp /etc/resolv.conf "$root/etc/"
in_root apt-get update --quiet=2 || skip "no package lists from the mirror"

echo "== install"
cp "$scratch"/packages/*.deb "$root/tmp/"
in_root bash -c 'apt-get install --yes --quiet=2 --no-install-recommends /tmp/*.deb' >"$scratch/apt.log" 2>&1 || {
  tail -n 20 "$scratch/apt.log"
  exit 1
}

echo "== a stranger's project"
cp -r "$here/stranger" "$here/stranger.sh" "$here/first_day.sh" "$root/tmp/"
in_root /tmp/stranger.sh /usr /tmp/scratch
if [[ -e $root/usr/bin/chains-gateway ]]; then
  in_root chains-gateway --help
fi

echo "== a first day"
# A platform looks for its replicas in /proc.
if mount -t proc proc "$root/proc" 2>"$scratch/mount.log"; then
  in_root /tmp/first_day.sh /usr /tmp/first_day
else
  echo "not tried: $(cat "$scratch/mount.log")"
fi
