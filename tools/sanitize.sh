#!/usr/bin/env bash
# Runs the tests under ThreadSanitizer, then under AddressSanitizer.
#
# Usage: tools/sanitize.sh [thread|address]...
#
# The test that memory stays flat is left out, since the sanitizers keep freed memory for a while. The
# thread run leaves out the golden numbers of whole models too: it keeps the kernels from being compiled
# for their tiles, which makes them a thousand times slower. Each kind is a build of its own, of several
# minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
# Swift's own report of a crash can wait for ever on a thread of the sanitizer.
export SWIFT_BACKTRACE=enable=no
# Memory that is refused is an error that the tests expect.
export TSAN_OPTIONS=halt_on_error=1:allocator_may_return_null=1
export ASAN_OPTIONS=detect_leaks=0:halt_on_error=1:allocator_may_return_null=1
for kind in "${@:-thread address}"; do
  for one in $kind; do
    echo "== $one sanitizer"
    skipped=(--skip memoryStaysFlatOverManyImages)
    if [[ $one == thread ]]; then skipped+=(--skip SharedGolden); fi
    swift test --sanitize "$one" --scratch-path ".build-$one" -Xswiftc -O "${skipped[@]}"
  done
done
