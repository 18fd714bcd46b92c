#!/bin/sh
# Made what stands beside this file: a store and a registry as the release 0.1.0 (commit 94bb6ba) left them. To be run
# with a checkout of that commit that is built (npm ci), as root or with subuids:
#
#     test/testdata/release-0.1.0/make.sh CHECKOUT
#
# project/ is the project as it was published last: alpha, beta on alpha, gamma on an image of another project
# (outside). @REGISTRY@ stands for the address of the registry, which is another in every run. Of the store, what is
# locked, temporary or a log is left out.
set -eu
checkout=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'kill $server; rm -rf "$work"' EXIT
cip() { node "$checkout/bin/cip.js" "$@"; }
export CIP_STORE="$work/store" HOME="$work"

cip registry serve --addr 127.0.0.1:0 --storage "$work/registry" > "$work/address" &
server=$!
while ! [ -s "$work/address" ]; do sleep 0.1; done
registry=$(cat "$work/address")

image() { # NAME VERSION CONTENT FROM
  mkdir -p "$work/$1"
  printf '{:version "%s" :platforms ["linux/amd64" "linux/arm64"]}\n' "$2" > "$work/$1/info.edn"
  printf '%s\n' "$3" > "$work/$1/file"
  printf 'ARG REGISTRY\nFROM %s\nCOPY file /%s\nENV %s=%s\n' "$4" "${1##*-}" "${1##*-}" "$2" > "$work/$1/Dockerfile"
}

image other/contexts/outside 1.0.0 outside scratch
cip publish -C "$work/other" --remote-registry "$registry" --progress quiet

for version in 1.0.0 1.1.0; do
  image project/contexts/00-alpha $version "alpha $version" scratch
  image project/contexts/01-beta $version "beta $version" '${REGISTRY}/alpha:'$version
  image project/contexts/00-gamma $version "gamma $version" "$registry/outside:1.0.0"
  cip publish -C "$work/project" --remote-registry "$registry/group" --progress quiet
  cip build -C "$work/project" --progress quiet
done

rm -rf "$here/store" "$here/registry" "$here/project"
sed -i "s,$registry,@REGISTRY@," "$work/project/contexts/00-gamma/Dockerfile"
cp -r "$work/project" "$work/registry" "$here/"
mkdir "$here/store"
rm -f "$here/registry/lock"
(cd "$work/store" && cp -r version images records indexes "$here/store/")
