#!/bin/sh
# foreign-busybox.sh DIRECTORY [ARCHITECTURE...]
#
# Leaves DIRECTORY/busybox-ARCHITECTURE, statically linked and from Debian's own package, for each architecture (amd64
# and arm64 if none is named), unless it is already there. Works on a copy of apt's lists and of dpkg's database, so that
# the machine does not get an architecture more. Needs apt, dpkg and Debian's archive.
set -eu

directory=$1
shift
[ $# -gt 0 ] || set -- amd64 arm64

mkdir -p "$directory"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

for architecture; do
  [ ! -x "$directory/busybox-$architecture" ] || continue
  root=$scratch/$architecture
  mkdir -p "$root/dpkg" "$root/lists/partial" "$root/cache/archives/partial" "$root/package"
  : >"$root/dpkg/status"
  apt() {
    apt-get -q -o APT::Architecture="$architecture" -o APT::Architectures="$architecture" \
      -o APT::Sandbox::User="$(id -un)" -o Dir::State::status="$root/dpkg/status" -o Dir::State::lists="$root/lists" \
      -o Dir::Cache="$root/cache" "$@"
  }
  apt update >&2
  (cd "$root/package" && apt download busybox-static >&2)
  dpkg-deb -x "$root"/package/busybox-static_*.deb "$root/package"
  # Into place by renaming: of several at once, each finds a whole one.
  cp "$root/package/bin/busybox" "$directory/.busybox-$architecture.$$"
  chmod 755 "$directory/.busybox-$architecture.$$"
  mv "$directory/.busybox-$architecture.$$" "$directory/busybox-$architecture"
done
