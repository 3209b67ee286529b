#!/bin/sh
# apt.sh sources | setup | install PACKAGE-OR-FILE...: Debian packages while an image is built.
# Leaves neither lists nor archives behind: the Dockerfile keeps both in a cache of the builder.
set -eu
export DEBIAN_FRONTEND=noninteractive

sources() {
  rm -rf /etc/apt/sources.list /etc/apt/sources.list.d
  mkdir /etc/apt/sources.list.d
  cat >/etc/apt/sources.list <<LIST
deb $APT_MIRROR bookworm main
deb $APT_MIRROR bookworm-updates main
deb $APT_SECURITY_MIRROR bookworm-security main
LIST
}

install() {
  apt-get update --quiet=2 --error-on=any
  apt-get install --yes --quiet=2 --no-install-recommends "$@" >/tmp/apt.log 2>&1 || {
    tail -n 20 /tmp/apt.log
    exit 1
  }
  rm -rf /tmp/apt.log /var/log/apt /var/log/dpkg.log /var/log/alternatives.log /var/cache/ldconfig
}

case $1 in
  sources) sources ;;
  install)
    shift
    install "$@"
    ;;
  *)
    echo "apt.sh: there is no '$1'" >&2
    exit 2
    ;;
esac
