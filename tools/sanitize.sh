#!/usr/bin/env bash
# Runs the tests under ThreadSanitizer, then under AddressSanitizer.
#
# Usage: tools/sanitize.sh [thread|address]...
#
# Tests of files written by one thread are left out of the thread run: they are long and have nothing
# to find there. The test that memory stays flat is left out of the address run, since that sanitizer
# keeps freed memory for a while. Each kind is a build of its own, of several minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
# Swift's own report of a crash can wait for ever on a thread of the sanitizer.
export SWIFT_BACKTRACE=enable=no
export TSAN_OPTIONS=halt_on_error=1
export ASAN_OPTIONS=detect_leaks=0:halt_on_error=1
for kind in "${@:-thread address}"; do
  for one in $kind; do
    echo "== $one sanitizer"
    skip=(--skip memoryStaysFlatOverManyPictures)
    if [ "$one" = thread ]; then
      skip=(--skip 'CheckpointsTests|JSONTests|FamiliesTests|FlippedBitTests|DamagedPlanTests')
    fi
    swift test --sanitize "$one" --scratch-path ".build-$one" -Xswiftc -O "${skip[@]}"
  done
done
