#!/bin/sh
# The linker of the commands, which Package.swift names: LLVM's, without `-rpath=$ORIGIN`. Swift's package
# manager gives that to every executable and has no setting against it in a manifest. The commands carry
# their Swift libraries with them; with it, they would take system libraries from the folder they lie in.
for argument do
  shift
  [ "$argument" = '-rpath=$ORIGIN' ] || set -- "$@" "$argument"
done
# The one beside the compiler that calls this, which need not be the first on the PATH.
linker=$(dirname "$(readlink -f "/proc/$PPID/exe")")/ld.lld
[ -x "$linker" ] || linker=ld.lld
exec "$linker" "$@"
