#!/bin/sh
# newer-pasta.sh DIRECTORY [SUITE]
#
# Leaves DIRECTORY/pasta-trixie with passt, libc.so.6 and the loader of Debian 13 (or the SUITE named, as pasta-SUITE), which
# run together on an older machine, unless it is already there. Works on a copy of apt's lists and of dpkg's database, so that
# the machine does not get them. Needs apt, dpkg and Debian's archive.
set -eu

directory=$1
suite=${2:-trixie}
target=$directory/pasta-$suite
[ ! -x "$target/passt" ] || exit 0

mkdir -p "$directory"
scratch=$(mktemp -d)
unfinished=$directory/.pasta-$suite.$$
trap 'rm -rf "$scratch" "$unfinished"' EXIT
mkdir -p "$scratch/lists/partial" "$scratch/cache/archives/partial" "$scratch/package" "$unfinished"
: >"$scratch/status"

# Where this machine has its archive, in the suite that was asked for.
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
archive=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | sed -n '\,/debian/*$,p' | head -n 1)
echo "deb [signed-by=$keyring] ${archive:?apt has no archive of Debian} $suite main" >"$scratch/sources.list"

apt() {
  apt-get -q -o APT::Sandbox::User="$(id -un)" -o Dir::Etc::sourcelist="$scratch/sources.list" \
    -o Dir::Etc::sourceparts=- -o Dir::State::status="$scratch/status" -o Dir::State::lists="$scratch/lists" \
    -o Dir::Cache="$scratch/cache" "$@"
}
apt update >&2
(cd "$scratch/package" && apt download passt libc6 >&2)
for package in "$scratch"/package/*.deb; do dpkg-deb -x "$package" "$scratch/root"; done
find "$scratch/root" -name 'ld-linux*.so.*' -type f -exec cp {} "$unfinished/loader" \;
find "$scratch/root" -name libc.so.6 -exec cp -L {} "$unfinished" \;
cp -L "$scratch/root/usr/bin/pasta" "$unfinished/passt"
chmod -R a+rX "$unfinished"
# Into place by renaming: of several at once, each finds a whole one.
rm -rf "$target"
mv "$unfinished" "$target"
