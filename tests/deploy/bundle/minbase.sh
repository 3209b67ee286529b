#!/usr/bin/env bash
# minbase.sh UNPACK PROGRAMS SCRATCH: bundles of the example chains run in an empty Debian, which has
# glibc and nothing of what they link; outside it every library but glibc's comes from the bundle.
# The empty Debian is made once and kept in SCRATCH; the part inside it is skipped with 77 where it
# cannot be made.
set -euo pipefail
unpack=$1 programs=$2 scratch=$3 root=$3/minbase
chains=(hello poems streaming transcribe)

mkdir -p "$scratch"
rm -rf "$scratch/bundles"
mkdir "$scratch/bundles"
for chain in "${chains[@]}"; do
  "$unpack" "$programs/$chain" "$scratch/bundles/$chain"
done

echo "== libraries come from the bundle"
for chain in "${chains[@]}"; do
  outside=$(LD_TRACE_LOADED_OBJECTS=1 "$scratch/bundles/$chain/$chain" | grep '=>' |
    grep -v "=> $scratch/bundles/$chain/lib/" |
    grep -Ev '^\s*lib(c|m|dl|rt|pthread|resolv|mvec|anl|util)\.so' || true)
  [[ -z $outside ]] || {
    echo "$chain takes from the system:"
    echo "$outside"
    exit 1
  }
done

skip() {
  echo "SKIPPED: $1"
  exit 77
}
[[ $(id -u) == 0 ]] || skip "only root can make an empty Debian"
command -v debootstrap >/dev/null || skip "debootstrap is not installed (./dev setup test)"
# shellcheck source=/dev/null
suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
[[ $suite == bookworm ]] || skip "the bundles are of ${suite:-something else}, and the test knows Debian 12"

echo "== an empty $suite"
if [[ ! -e $root/.complete ]]; then
  rm -rf "$root"
  debootstrap --variant=minbase "$suite" "$root" >"$scratch/debootstrap.log" 2>&1 ||
    skip "debootstrap failed: $(tail -n 1 "$scratch/debootstrap.log")"
  touch "$root/.complete"
fi
rm -rf "$root/bundles"
cp -r "$scratch/bundles" "$root/bundles"
# in_root CHAIN ARGUMENT...: the loader learns from /proc where a program is, and there is no /proc here.
# PHI_MODEL is for poems, which describes itself only where its asset is.
in_root() {
  chroot "$root" env -i PATH=/usr/bin:/bin "LD_ORIGIN_PATH=/bundles/$1" "PHI_MODEL=/bundles/$1/assets/model" \
    "/bundles/$1/$1" "${@:2}"
}

echo "== run"
for chain in "${chains[@]}"; do
  # All of it is read: a program whose reader leaves early fails.
  described=$(in_root "$chain" --describe)
  [[ $described == *"\"chain\": \"$chain\""* ]] || {
    echo "$chain does not describe itself"
    exit 1
  }
done
said=$(in_root hello run '{"names": ["Ada"]}')
[[ $said == '"Hello, Ada"' ]] || {
  echo "hello says: $said"
  exit 1
}
rm -rf "$root/bundles"
