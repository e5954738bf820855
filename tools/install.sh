#!/usr/bin/env bash
# Installs what was built: the commands with their completions and manual pages, the libraries for C with their headers
# and pkg-config's files, and the licence. The folder may be moved afterwards.
#
# Usage: tools/install.sh --prefix DIR [--libraries], after `swift build -c release --disable-local-rpath`;
# --libraries leaves the commands out. What is there already is replaced.
set -euo pipefail
cd "$(dirname "$0")/.."
prefix=
commands=(vitc vitrun)
while [ $# -gt 0 ]; do
  case $1 in
    --prefix) prefix=${2:?--prefix: expected a folder}; shift 2 ;;
    --libraries) commands=(); shift ;;
    *) sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 64 ;;
  esac
done
[ -n "$prefix" ] || { echo "install: --prefix: expected a folder, found none" >&2; exit 64; }
build=.build/release
for name in vitc-c vitrun-c; do
  [ -e "$build/lib$name.so" ] || { echo "install: $build/lib$name.so: expected a build, found none" >&2; exit 1; }
done
mkdir -p "$prefix"/{bin,lib/pkgconfig,include,share/doc/vitc}
prefix=$(cd "$prefix" && pwd)
version=$(sed -n 's/.*static let version = "\(.*\)"/\1/p' Sources/Plan/PlanFormat/Container/PlanOrigin.swift)

for command in ${commands[@]+"${commands[@]}"}; do
  install -m 755 -s "$build/$command" "$prefix/bin/$command"
  for shell in bash zsh fish; do
    case $shell in
      bash) script=$prefix/share/bash-completion/completions/$command ;;
      zsh) script=$prefix/share/zsh/site-functions/_$command ;;
      fish) script=$prefix/share/fish/vendor_completions.d/$command.fish ;;
    esac
    mkdir -p "$(dirname "$script")"
    "$build/$command" --generate-completion-script "$shell" >"$script"
  done
  mkdir -p "$prefix/share/man/man1"
  python3 tools/man_page.py "$build/$command" >"$prefix/share/man/man1/$command.1"
done
for name in vitc vitrun; do
  install -m 644 -s "$build/lib$name-c.so" "$prefix/lib/lib$name.so.0"
  ln -sf "lib$name.so.0" "$prefix/lib/lib$name.so"
  install -m 644 "Sources/System/C${name^}/$name.h" "$prefix/include/$name.h"
  case $name in
    vitc) what="Makes plans of Vision Transformers" ;;
    vitrun) what="Runs plans of Vision Transformers" ;;
  esac
  printf '%s\n' 'prefix=${pcfiledir}/../..' 'libdir=${prefix}/lib' 'includedir=${prefix}/include' '' "Name: lib$name" \
    "Description: $what" "Version: $version" "Libs: -L\${libdir} -l$name" 'Cflags: -I${includedir}' \
    >"$prefix/lib/pkgconfig/$name.pc"
done
install -m 644 LICENSE "$prefix/share/doc/vitc/LICENSE"
