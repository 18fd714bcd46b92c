#!/bin/sh
# distribution-suite.sh DIRECTORY SOURCE
#
# Leaves DIRECTORY/distribution-suite, the conformance suite of the OCI distribution specification, built from its sources
# in SOURCE, unless it is already there and newer than they are. SOURCE is not written to. Needs go, and its module proxy.
set -eu

directory=$1
source=$2
target=$directory/distribution-suite
if [ -x "$target" ] && [ -z "$(find "$source" -newer "$target" -type f)" ]; then exit 0; fi

mkdir -p "$directory"
unfinished=$directory/.distribution-suite.$$
trap 'rm -f "$unfinished"' EXIT
# Without the commit of whatever repository SOURCE may lie in.
(cd "$source" && go build -buildvcs=false -o "$unfinished" .) >&2
mv "$unfinished" "$target"
