#!/usr/bin/env bash
# Makes the archive of a release: what tools/install.sh installs, in a folder named by version and machine, as
# FOLDER/vitc-VERSION-linux-MACHINE.tar.gz. One build and one commit always give the same bytes.
#
# Usage: tools/archive.sh FOLDER, after `swift build -c release --disable-local-rpath`
set -euo pipefail
[ $# -eq 1 ] || { sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 64; }
mkdir -p "$1"
folder=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
# The one time that all files have; without git's history it has to be said.
time=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
stage=$(mktemp -d)
trap 'rm -r "$stage"' EXIT
tools/install.sh --prefix "$stage/prefix"
version=$("$stage/prefix/bin/vitc" --version)
name=vitc-$version-linux-$(uname -m)
mv "$stage/prefix" "$stage/$name"

file=$folder/$name.tar.gz
trap 'rm -rf "$stage" "$file.part"' EXIT
tar -C "$stage" --create --format=gnu --sort=name --mtime="@$time" --owner=0 --group=0 --numeric-owner \
  --mode='u=rwX,go=rX' "$name" | gzip --no-name --best >"$file.part"
mv "$file.part" "$file"
sha256sum "$file"
