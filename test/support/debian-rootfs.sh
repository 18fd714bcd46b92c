#!/bin/sh
# debian-rootfs.sh DIRECTORY
#
# Leaves DIRECTORY/debian-bookworm-slim.tar, a minimal Debian 12 like that of the image debian:bookworm-slim, unless it is
# already there. Needs mmdebstrap, and root or a subuid range.
set -eu

directory=$1
target=$directory/debian-bookworm-slim.tar
[ ! -s "$target" ] || exit 0

mkdir -p "$directory"
unfinished=$directory/.debian-bookworm-slim.$$.tar
trap 'rm -f "$unfinished"' EXIT

# The same bytes for the same packages.
SOURCE_DATE_EPOCH=1700000000 mmdebstrap --quiet --variant=minbase --architectures=amd64 --format=tar \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
  --dpkgopt='path-exclude=/usr/share/info/*' \
  bookworm "$unfinished" >&2
mv "$unfinished" "$target"
