#!/bin/sh
# Puts a small root file system together from this machine's own shell and tools, so that the example builds without a
# network, without root and without an image from anywhere. It goes to contexts/00-base/rootfs/ARCHITECTURE, which git
# ignores. Nothing is done where it is there already; remove that directory to have it made anew.
#
# amd64 and arm64 both get a directory. That of the other architecture has a note in it and no programs, which this
# machine doesn't have: nothing of it is run to build the images, so they can be published for both.
#
# Usage: sh assemble-base.sh
set -eu

cd "$(dirname "$0")/contexts/00-base"

if [ "$(uname -s)" != Linux ]; then
  echo "assemble-base.sh: the base of the example is made of programs for Linux, and this is $(uname -s): left out" >&2
  exit 0
fi

# The name that images have for this machine's architecture, which the Dockerfile gets as TARGETARCH.
case $(uname -m) in
  x86_64 | amd64) architecture=amd64 ;;
  aarch64 | arm64) architecture=arm64 ;;
  armv7* | armv6* | armhf) architecture=arm ;;
  i386 | i486 | i586 | i686) architecture=386 ;;
  *) architecture=$(uname -m) ;;
esac

for other in amd64 arm64; do
  if [ "$other" != "$architecture" ] && [ ! -d "rootfs/$other" ]; then
    mkdir -p "rootfs/$other"
    echo "Made on a machine with $architecture, which has no programs for $other." > "rootfs/$other/NO-PROGRAMS"
  fi
done

root=rootfs/$architecture
if [ -d "$root" ]; then
  exit 0
fi

# Made under another name first: what an interrupted run leaves behind does not look complete.
partial=rootfs/.$architecture.$$
trap 'rm -rf "$partial"' EXIT
trap 'exit 1' HUP INT TERM
mkdir -p "$partial/bin"

# What the images of the example use.
tools='cat chmod cp cut date env grep head id ln ls mkdir mv rm sed sleep sort tail tr uname uniq wc'

# The shared libraries of a program and the loader that starts it, one path a line; none for a static program.
# glibc:  libc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x…)   and   /lib64/ld-linux-x86-64.so.2 (0x…)
# musl:   /lib/ld-musl-x86_64.so.1 (0x…)                       and   libc.musl-x86_64.so.1 => /lib/ld-musl-x86_64.so.1 (0x…)
libraries() {
  { ldd "$1" 2>/dev/null || true; } | sed -n \
    -e 's|^.*=> *\(/[^ ]*\) (0x.*$|\1|p' \
    -e 's|^[[:space:]]*\(/[^ ]*\) (0x.*$|\1|p'
}

# Copies a program to /bin under a name, and its libraries to where it looks for them. Links are followed.
add_program() {
  cp -L "$2" "$partial/bin/$1"
  chmod 755 "$partial/bin/$1"
  for library in $(libraries "$2"); do
    if [ ! -e "$partial$library" ]; then
      mkdir -p "$partial$(dirname "$library")"
      cp -L "$library" "$partial$library"
      chmod 755 "$partial$library"
    fi
  done
}

# BusyBox, where it is installed and knows all of them, is one small program under many names.
has_all_tools() {
  applets=$("$1" --list 2>/dev/null) || return 1
  for tool in sh $tools; do
    echo "$applets" | grep -qx "$tool" || return 1
  done
}

busybox=$(command -v busybox || true)
if [ -n "$busybox" ] && has_all_tools "$busybox"; then
  add_program busybox "$busybox"
  for tool in sh $tools; do
    ln -s busybox "$partial/bin/$tool"
  done
else
  for tool in sh $tools; do
    # Not `command -v` alone: in some shells that names a builtin or an alias.
    path=$(PATH=/usr/bin:/bin:$PATH && unalias -a 2>/dev/null; IFS=:; for directory in $PATH; do
      if [ -x "$directory/$tool" ]; then echo "$directory/$tool"; break; fi
    done)
    if [ -z "$path" ]; then
      echo "assemble-base.sh: $tool is nowhere on PATH, and the example needs it" >&2
      exit 1
    fi
    add_program "$tool" "$path"
  done
fi

# The same times on every machine and in every run.
find "$partial" ! -type l -exec env TZ=UTC0 touch -t 197001010000.00 {} +
find "$partial" -type l -exec env TZ=UTC0 touch -h -t 197001010000.00 {} + 2>/dev/null || true

mv "$partial" "$root"
echo "assemble-base.sh: made $(pwd)/$root of this machine's programs" >&2
