#!/bin/sh
# base.sh TREE MIRROR: a Debian 12 in TREE like the image debian:bookworm-slim, for where no registry
# is reachable. Documentation but licences, manuals and translations are left out, as there.
set -eu
tree=$1 mirror=$2
mkdir -p "$tree/etc/dpkg/dpkg.cfg.d"
# Nothing is kept that a crash could spoil.
echo force-unsafe-io >"$tree/etc/dpkg/dpkg.cfg.d/docker-apt-speedup"
cat >"$tree/etc/dpkg/dpkg.cfg.d/docker" <<'LIST'
path-exclude /usr/share/doc/*
path-include /usr/share/doc/*/copyright
path-exclude /usr/share/man/*
path-exclude /usr/share/info/*
path-exclude /usr/share/locale/*
LIST
debootstrap --variant=minbase bookworm "$tree" "$mirror"
# What debootstrap unpacked without dpkg.
find "$tree/usr/share/doc" ! -type d ! -name copyright -delete
find "$tree/usr/share/doc" -type d -empty -delete
rm -rf "$tree"/usr/share/man/* "$tree"/usr/share/info/* "$tree"/usr/share/locale/* \
  "$tree"/var/cache/apt/* "$tree"/var/lib/apt/lists/* "$tree"/var/log/*
