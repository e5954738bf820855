#!/bin/sh
# Fails if instructions that only some processors have could run outside KernelsAVX2.
#
# 1. A weak function in KernelsAVX2 that other modules may have as well, a specialisation of the
#    standard library's for example, may be chosen by the linker for the whole program.
# 2. Wide registers must not be used by any other module of this package.
#
# Usage: tools/check-isa.sh [BUILD_FOLDER], after `swift build -c release`.
set -eu

build=${1:-.build/release}
status=0

for object in "$build"/KernelsAVX2.build/*.o; do
  [ -e "$object" ] || { echo "check-isa: no objects of KernelsAVX2 under $build" >&2; exit 1; }
  # A name that contains the module's own belongs to nobody else.
  functions=$(nm "$object" | awk '$2 == "W" && $3 !~ /11KernelsAVX2/ { print $3 }')
  if [ -n "$functions" ]; then
    echo "check-isa: weak functions in $object:" >&2
    printf '%s\n' "$functions" | swift demangle --simplified >&2
    status=1
  fi
done

for folder in "$build"/*.build; do
  module=$(basename "$folder" .build)
  case $module in
    KernelsAVX2 | *Tests | ArgumentParser* | *-tool) continue ;;
  esac
  for object in "$folder"/*.o; do
    [ -e "$object" ] || continue
    if objdump -d --no-show-raw-insn "$object" | grep -q '%ymm'; then
      echo "check-isa: $object uses ymm registers" >&2
      status=1
    fi
  done
done

[ "$status" -eq 0 ] && echo "check-isa: ok"
exit "$status"
