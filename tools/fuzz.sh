#!/usr/bin/env bash
# Fuzzes every reader, and the execution of verified plans, with both sets of kernels.
#
# Usage: tools/fuzz.sh [SECONDS_PER_TARGET] [--release]
#
# Builds with AddressSanitizer unless --release asks for the build that is already there, as
# .ci/run does: a second build of everything would double its time. Seeds go on from the clock,
# or from SEED. A fault prints its seed; `vitfuzz TARGET --seed N --rounds 1 --copy FILE` repeats it.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-30}
if [ "${2:-}" = --release ]; then
  folder=.build
  swift build -c release --product vitfuzz 2>&1 | tail -1
  fuzz=.build/release/vitfuzz
else
  folder=.build-fuzz
  swift build --sanitize address --scratch-path "$folder" -Xswiftc -O --product vitfuzz 2>&1 | tail -1
  fuzz=$folder/debug/vitfuzz
  # Faults go through vitfuzz, which names the seed.
  export ASAN_OPTIONS=abort_on_error=1:handle_segv=0:handle_sigbus=0:handle_sigill=0:detect_leaks=0
fi
export SWIFT_BACKTRACE=enable=no
seed=${SEED:-$(date +%s)000000}
for target in safetensors npz onnx json plan run; do
  "$fuzz" "$target" --seconds "$seconds" --seed "$seed"
done
VITRUN_KERNELS=portable "$fuzz" run --seconds "$seconds" --seed "$seed"
