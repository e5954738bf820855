#!/usr/bin/env bash
# Fuzzes every reader, and the execution of verified plans, with both sets of kernels and through libvitrun.
#
# Usage: tools/fuzz.sh [SECONDS_PER_TARGET] [--release] [TARGET]...
#
# Builds with AddressSanitizer and libFuzzer, which keeps what reaches new code in .build-fuzz/corpus
# and goes on from there the next time. A fault leaves its input beside it;
# `.build-fuzz/debug/vitfuzz --target=TARGET INPUT` repeats it. Where the toolchain cannot link
# libFuzzer, vitfuzz brings its own driver: a fault prints its seed, and
# `vitfuzz TARGET --seed N --rounds 1 --copy FILE` repeats it.
#
# --release asks for that driver in the build that is already there, from seed 1, as .ci/run does: the
# inputs are then the same for everybody, so that a change fails for what it does and not by
# chance, and there is no second build of everything.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=30
kind=guided
targets=()
for word in "$@"; do
  case $word in
    --release) kind=release ;;
    [0-9]*) seconds=$word ;;
    *) targets+=("$word") ;;
  esac
done
[ ${#targets[@]} -gt 0 ] || targets=(safetensors npz onnx json image plan rewrite run portable-run interface)
export SWIFT_BACKTRACE=enable=no

# Whether the toolchain links libFuzzer.
links_fuzzer() {
  local folder status=0
  folder=$(mktemp -d)
  printf '%s\n' '@_cdecl("LLVMFuzzerTestOneInput")' \
    'func test(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 { 0 }' >"$folder/one.swift"
  swiftc -sanitize=fuzzer,address -parse-as-library "$folder/one.swift" -o "$folder/one" \
    >/dev/null 2>&1 || status=1
  rm -r "$folder"
  return $status
}

sanitized=(swift build --sanitize address --scratch-path .build-fuzz -Xswiftc -O --product vitfuzz)
if [ $kind = release ]; then
  fuzz=.build/release/vitfuzz
  seed=1
  swift build -c release --disable-local-rpath --product vitfuzz 2>&1 | tail -1
elif links_fuzzer; then
  fuzz=.build-fuzz/debug/vitfuzz
  # The default linker gives up on what the sanitizers add.
  "${sanitized[@]}" --sanitize fuzzer -Xswiftc -DLIBFUZZER -Xswiftc -use-ld=lld 2>&1 | tail -1
else
  kind=own
  fuzz=.build-fuzz/debug/vitfuzz
  seed=$(date +%s)000000
  "${sanitized[@]}" 2>&1 | tail -1
  # Faults go through vitfuzz, which names the seed.
  export ASAN_OPTIONS=abort_on_error=1:handle_segv=0:handle_sigbus=0:handle_sigill=0:detect_leaks=0
fi

# One target for the time asked for.
fuzz() {
  local target=$1 corpus=.build-fuzz/corpus/$1
  if [ $kind != guided ]; then
    "$fuzz" "$target" --seconds "$seconds" --seed "$seed"
    return
  fi
  mkdir -p "$corpus"
  echo "== $target"
  "$fuzz" --target="$target" --seeds="$corpus" "$corpus" -max_total_time="$seconds" -timeout=60 \
    -rss_limit_mb=2048 -malloc_limit_mb=1024 -max_len=65536 -verbosity=0 -print_final_stats=1 \
    -artifact_prefix=".build-fuzz/found-$target-"
}

# The library for C as it is installed: built without a sanitizer, and held by vitfuzz.
if [[ " ${targets[*]} " == *" interface "* ]]; then
  swift build -c release --disable-local-rpath --product vitrun-c 2>&1 | tail -1
fi

# Every input is a file for a moment, and what stops at a fault leaves its last one.
if [ -w /dev/shm ]; then inputs=$(mktemp -d -p /dev/shm); else inputs=$(mktemp -d); fi
trap 'rm -r "$inputs"' EXIT
export TMPDIR=$inputs

for target in "${targets[@]}"; do
  case $target in
    portable-run) VITRUN_KERNELS=portable fuzz run ;;
    *) fuzz "$target" ;;
  esac
done
