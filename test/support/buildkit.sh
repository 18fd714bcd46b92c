#!/bin/sh
# buildkit.sh DIRECTORY
#
# Leaves DIRECTORY/buildkit with buildkitd and buildctl 0.31.2, built from Go's module proxy, unless they are already there.
# Takes some minutes. Needs go 1.25 or later, which fetches the version that BuildKit wants.
set -eu

directory=$1
version=v0.31.2
target=$directory/buildkit
if [ -x "$target/buildctl" ]; then exit 0; fi

mkdir -p "$directory"
scratch=$(mktemp -d)
unfinished=$directory/.buildkit.$$
trap 'chmod -R u+w "$scratch"; rm -rf "$scratch" "$unfinished"' EXIT
# `go install` refuses the exclude directives of its go.mod.
source=$(cd "$scratch" && go mod download -json "github.com/moby/buildkit@$version" | sed -n 's/.*"Dir": "\(.*\)",*/\1/p')
cp -R "${source:?not downloaded}" "$scratch/source"
chmod -R u+w "$scratch/source"
mkdir "$unfinished"
for program in buildkitd buildctl; do
  (cd "$scratch/source" && CGO_ENABLED=0 go build -buildvcs=false -trimpath -o "$unfinished/$program" "./cmd/$program") >&2
done
# Into place by renaming: of several at once, each finds a whole one.
rm -rf "$target"
mv "$unfinished" "$target"
