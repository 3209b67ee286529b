#!/bin/sh
# root.sh ROOT IMAGE PROGRAM...: in ROOT the files of an image that has these installed programs,
# and of Debian only the libraries that they, or the bundles that they run, load: no shell, no package
# manager.
#
# Which Debian packages its files are of is in var/lib/dpkg/status.d, where scanners of images look,
# and in its SBOM.
set -eu
here=$(dirname "$0")
root=$1 image=$2
shift 2

# add FILE: with the folders and the link that lead to it.
add() {
  real=$(readlink -f "$1")
  mkdir -p "$root$(dirname "$real")"
  [ -e "$root$real" ] || cp -p "$real" "$root$real"
  link=$(readlink -f "$(dirname "$1")")/$(basename "$1")
  [ "$link" = "$real" ] || { mkdir -p "$root$(dirname "$link")" && ln -sf "$real" "$root$link"; }
  echo "$real" >>"$root.files"
}

# owner FILE: its package. dpkg knows some files by their path from before /usr was merged.
owner() {
  dpkg --search "$1" 2>/dev/null | cut -d: -f1 | head -n 1 | grep . ||
    dpkg --search "${1#/usr}" 2>/dev/null | cut -d: -f1 | head -n 1
}

mkdir -p "$root/usr/lib"
: >"$root.files"
# Of Debian's layout: what programs name as their loader is below /lib or /lib64.
for folder in lib lib64; do
  [ ! -L "/$folder" ] || { mkdir -p "$root/usr/$folder" && ln -s "usr/$folder" "$root/$folder"; }
done
for program in "$@"; do
  add "/usr/bin/$program"
  ldd "/usr/bin/$program" >"$root.ldd"
  if grep 'not found' "$root.ldd"; then
    echo "root.sh: $program lacks a library" >&2
    exit 1
  fi
  sed -n 's/.* => \(\/[^ ]*\) .*/\1/p; s/^\t\(\/[^ ]*\) (.*/\1/p' "$root.ldd" >"$root.libraries"
  while read -r library; do add "$library"; done <"$root.libraries"
done
# It runs bundles, which bring every library but glibc's: all of these, for some libraries name those
# that are a part of libc by now.
if [ "$image" = platform ]; then
  libc=$(sed -n 's/.* => \(\/.*\)\/libc\.so\.6 .*/\1/p' "$root.ldd")
  for library in anl.so.1 dl.so.2 m.so.6 mvec.so.1 pthread.so.0 resolv.so.2 rt.so.1 util.so.1; do
    # Of processors without such vectors there is no libmvec.
    [ ! -e "$libc/lib$library" ] || add "$libc/lib$library"
  done
fi
if [ -e /etc/ssl/certs/ca-certificates.crt ]; then
  mkdir -p "$root/etc/ssl/certs"
  cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
  echo /usr/sbin/update-ca-certificates >>"$root.files"
fi
mkdir -p "$root/etc"
cp /usr/lib/os-release "$root/usr/lib/"
ln -s ../usr/lib/os-release "$root/etc/os-release"
echo /usr/lib/os-release >>"$root.files"
printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"
printf 'root:x:0:0:root:/:/nonexistent\n' >"$root/etc/passwd"
printf 'root:x:0:\n' >"$root/etc/group"
"$here/user.sh" "$root"

mkdir -p "$root/var/lib/dpkg/status.d"
while read -r file; do owner "$file"; done <"$root.files" | sort -u >"$root.packages"
while read -r package; do
  dpkg --status "$package" >"$root/var/lib/dpkg/status.d/$package"
  copyright=/usr/share/doc/$package/copyright
  [ ! -e "$copyright" ] || { mkdir -p "$root$(dirname "$copyright")" && cp -L "$copyright" "$root$copyright"; }
done <"$root.packages"
mkdir -p "$root/usr/share/chains"
[ ! -d /usr/share/chains/built-with ] || cp -r /usr/share/chains/built-with "$root/usr/share/chains/"
"$here/sbom.sh" "$root" "$image" <"$root.packages"
rm -f "$root.files" "$root.ldd" "$root.libraries" "$root.packages"
