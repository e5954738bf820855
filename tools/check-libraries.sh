#!/usr/bin/env bash
# Checks a release: that its archive is the same bytes each time, and what is in it after it was moved. Of the commands their
# manual pages and completions, of the libraries for C what they export and need, that their headers are what was recorded,
# the example, and what misuse must come to.
#
# Usage: tools/check-libraries.sh [--record], after `swift build -c release --disable-local-rpath`. --record writes
# tools/c/abi.txt anew: what goes from it or changes in it breaks programs, and raises the headers' *_ABI_VERSION.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT

fail() {
  echo "check-libraries: $1" >&2
  exit 1
}

for archive in first second; do tools/archive.sh "$folder/$archive" >/dev/null; done
archive=$(basename "$folder"/first/*.tar.gz)
cmp "$folder/first/$archive" "$folder/second/$archive" || fail "$archive: expected the same bytes twice, found others"
tar -xzf "$folder/first/$archive" -C "$folder"
prefix=$folder/${archive%.tar.gz}
[ -e "$prefix/share/doc/vitc/LICENSE" ] || fail "$archive: expected share/doc/vitc/LICENSE, found none"

for name in vitc vitrun; do
  commands=$("$prefix/bin/$name" help | sed -n '/^SUBCOMMANDS:/,/^$/s/^  \([a-z]*\) .*/\1/p')
  [ -n "$commands" ] || fail "$name help: expected commands, found none"
  for command in $commands; do
    grep -F ".SH \"${name^^} ${command^^}\"" "$prefix/share/man/man1/$name.1" >/dev/null \
      || fail "$name.1: expected a section on $command, found none"
    grep -w -e "$command" "$prefix/share/bash-completion/completions/$name" >/dev/null \
      || fail "bash's completions of $name: expected $command, found none"
  done
  bash -n "$prefix/share/bash-completion/completions/$name"
done

# Everything that a header declares, a declaration a line.
for name in vitc vitrun; do
  echo "== $name"
  printf '#include <%s.h>\nint version = %s_ABI_VERSION;\n' "$name" "${name^^}" \
    | cc -E -P -I "$prefix/include" -xc - | sed -n '/typedef int32_t vit/,$p' | tr '\n' ' ' | tr -s ' ' \
    | sed 's/; */;\n/g'
done >"$prefix/abi.txt"
if [ "${1:-}" = --record ]; then cp "$prefix/abi.txt" tools/c/abi.txt; fi
diff tools/c/abi.txt "$prefix/abi.txt" || fail "the headers declare something else than tools/c/abi.txt"

case $(uname -m) in
  x86_64) loader=ld-linux-x86-64.so.2 ;;
  aarch64) loader=ld-linux-aarch64.so.1 ;;
esac
jpeg=$(readelf --dynamic "$(cc -print-file-name=libjpeg.so)" | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p')
for name in vitc vitrun; do
  file=$prefix/lib/lib$name.so.0
  map=Sources/Interfaces/${name^}Interface/exported.map
  # The functions of the header, those of the version script, and those of the library.
  sed -n "/^== $name\$/,/^== /p" "$prefix/abi.txt" | grep -oE "\b${name}_[a-z_]+\(" | tr -d '(' | sort -u >"$prefix/declared"
  grep -oE "\b${name}_[a-z_]+" "$map" | sort >"$prefix/listed"
  nm -D --defined-only "$file" | awk '{ print $3 }' | sort >"$prefix/exported"
  diff "$prefix/declared" "$prefix/listed" || fail "$name.h and $map differ"
  diff "$prefix/listed" "$prefix/exported" || fail "$file exports something else than $map lists"
  needed=("$loader" libc.so.6 libm.so.6 libgcc_s.so.1 libstdc++.so.6 libz.so.1 libspng.so.0 "$jpeg" libwebp.so.7
    libgif.so.7 libtiff.so.6)
  [ $name = vitrun ] || needed+=(libprotobuf-c.so.1)
  readelf --wide --program-headers --dynamic "$file" >"$prefix/elf.txt"
  sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' "$prefix/elf.txt" | sort >"$prefix/needed"
  printf '%s\n' "${needed[@]}" | sort | diff "$prefix/needed" - || fail "$file needs other libraries than it should"
  for pattern in "SONAME.*\[lib$name.so.0\]" ' GNU_RELRO ' 'FLAGS.*BIND_NOW' 'FLAGS_1.*NODELETE' ' GNU_STACK .* RW  '; do
    grep -E "$pattern" "$prefix/elf.txt" >/dev/null || fail "$file: readelf does not show '$pattern'"
  done
  if grep -E 'RUNPATH|RPATH|TEXTREL| RWE? *E ' "$prefix/elf.txt" >&2; then fail "$file: expected no such line"; fi
  printf '#include <%s.h>\n' "$name" | c++ -std=c++11 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I "$prefix/include" -xc++ -
done

export PKG_CONFIG_PATH=$prefix/lib/pkgconfig LD_LIBRARY_PATH=$prefix/lib
for program in classify misuse; do
  cc -std=c11 -O1 -Wall -Wextra -Wpedantic -Werror "tools/c/$program.c" $(pkg-config --cflags --libs vitc vitrun) -lpthread \
    -o "$prefix/$program"
done
images=tools/demo/images
"$prefix/classify" tools/demo/model/dense.safetensors "$prefix" "$images/triangle-rows_09000.png" \
  "$images/disc-dots_09005.png" >"$prefix/classes.txt" 2>"$prefix/notes.txt"
for pattern in 'triangle-rows.* class 8 0[.]9' 'disc-dots.* class [0-9]* 0[.]'; do
  grep -E "$pattern" "$prefix/classes.txt" >/dev/null || { cat "$prefix/classes.txt" >&2; fail "classify: expected $pattern"; }
done
"$prefix/misuse" "$prefix/dense.bin" "$images/triangle-rows_09000.png" "$prefix"
echo "check-libraries: ok"
