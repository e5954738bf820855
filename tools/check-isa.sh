#!/bin/sh
# Fails if instructions that only some processors have could run outside the modules for them.
#
# 1. A weak function in KernelsAVX2 or KernelsAVX512 that other modules may have as well, a
#    specialisation of the standard library's for example, may be chosen by the linker for the whole
#    program.
# 2. Wide registers must not be used by any other module of this package, nor those of AVX-512 by
#    KernelsAVX2.
# 3. What adds products of bytes in one instruction, which fewer processors have still, must be in no function but
#    those that are compiled for it.
# 4. The tiles that are compiled for such an instruction must have it: not every processor that runs tests has.
# 5. An array of a kernel that is initialised by a call is not held in registers.
#
# Of a build for ARM64, where all modules have the same instructions, the last three.
#
# Usage: tools/check-isa.sh [BUILD_FOLDER], after `swift build -c release`. OBJDUMP names one that reads the processor's
# instructions where this machine's own does not.
set -eu

build=${1:-.build/release}
tile='QuantizedTile.*multiply'
objdump=${OBJDUMP:-objdump}
status=0

# Nothing would be found without these, or in what cannot be read.
for tool in awk nm "$objdump"; do
  command -v "$tool" >/dev/null || { echo "check-isa: $tool is missing" >&2; exit 1; }
done
for object in "$build"/Kernels*.build/*.o; do
  [ -e "$object" ] || { echo "check-isa: no objects of kernels under $build" >&2; exit 1; }
  "$objdump" -d "$object" >/dev/null 2>&1 || { echo "check-isa: $objdump cannot read $object" >&2; exit 1; }
done

# uses OBJECT PATTERN: whether a disassembled object has the pattern.
uses() { "$objdump" -d --no-show-raw-insn "$1" | grep -q "$2"; }

fail() {
  echo "check-isa: $1" >&2
  status=1
}

# Functions of an object that use instructions like a pattern, but for those whose names match another.
users() {
  "$objdump" -d --no-show-raw-insn "$1" |
    awk -v instructions="$2" -v allowed="$3" \
      '/^[0-9a-f]+ <.*>:$/ { name = $2 } $0 ~ instructions && name !~ allowed { print name }' | sort -u
}

# Functions of an object whose names match a pattern, and that use no instruction like another; but for closures that
# fill arrays.
lacking() {
  "$objdump" -d --no-show-raw-insn "$1" |
    awk -v names="$2" -v instructions="$3" '
      function close_function() { if (name ~ names && name !~ /InlineArray/ && !uses) print name }
      /^[0-9a-f]+ <.*>:$/ { close_function(); name = $2; uses = 0 }
      $0 ~ instructions { uses = 1 }
      END { close_function() }' | sort -u
}

# exist MODULE PATTERN: fails where no function of a module has such a name, as nothing would be looked at.
exist() {
  nm "$build/$1.build"/*.o | grep -qE "$2" || fail "$1 has no functions like $2"
}

if [ -d "$build/KernelsNEON.build" ]; then
  exist KernelsNEON "$tile.*Dot"
  exist KernelsNEON 'MatrixTile.*multiply'
  for object in "$build"/*.build/*.o; do
    case $object in
      */KernelsNEON.build/*)
        if "$objdump" -dr "$object" | grep -q 'R_AARCH64.*InlineArray'; then
          fail "$object initialises an array by a call"
        fi
        own='Dot|I8MM|MatrixTile'
        ;;
      *) own='^$' ;;
    esac
    functions=$(users "$object" '[[:space:]](([su]|us|su)dot|(s|u|us)mmla|[bf][a-z]*mmla)[[:space:]]' "$own")
    if [ -n "$functions" ]; then fail "$object adds products of bytes in $functions"; fi
    functions=$(lacking "$object" "$tile.*Dot|MatrixTile.*multiply" '[[:space:]](([su]|us|su)dot|(s|u|us)mmla)[[:space:]]')
    if [ -n "$functions" ]; then fail "$object has no products of bytes in $functions"; fi
  done
  [ "$status" -eq 0 ] && echo "check-isa: ok"
  exit "$status"
fi
[ "$(uname -m)" = x86_64 ] || { echo "check-isa: nothing to check on $(uname -m)"; exit 0; }

for module in KernelsAVX2 KernelsAVX512; do
  exist "$module" "$tile.*VNNI"
  for object in "$build/$module.build"/*.o; do
    [ -e "$object" ] || { echo "check-isa: no objects of $module under $build" >&2; exit 1; }
    # A name that contains the module's own belongs to nobody else.
    functions=$(nm "$object" | awk -v own="${#module}$module" '$2 == "W" && !index($3, own) { print $3 }')
    if [ -n "$functions" ]; then
      fail "weak functions in $object:"
      printf '%s\n' "$functions" | swift demangle --simplified >&2
    fi
    if "$objdump" -dr "$object" | grep -q 'R_X86_64.*InlineArray'; then
      fail "$object initialises an array by a call"
    fi
    functions=$(users "$object" 'vpdp(bu|ws)s' VNNI)
    if [ -n "$functions" ]; then fail "$object uses VNNI in $functions"; fi
    functions=$(lacking "$object" "$tile.*VNNI" 'vpdp(bu|ws)s')
    if [ -n "$functions" ]; then fail "$object has no VNNI in $functions"; fi
    if [ "$module" = KernelsAVX2 ] && uses "$object" '%zmm'; then
      fail "$object uses zmm registers"
    fi
  done
done

for folder in "$build"/*.build; do
  module=$(basename "$folder" .build)
  case $module in
    KernelsAVX2 | KernelsAVX512 | *Tests | ArgumentParser* | *-tool) continue ;;
  esac
  for object in "$folder"/*.o; do
    [ -e "$object" ] || continue
    if uses "$object" '%[yz]mm'; then fail "$object uses ymm or zmm registers"; fi
  done
done

[ "$status" -eq 0 ] && echo "check-isa: ok"
exit "$status"
