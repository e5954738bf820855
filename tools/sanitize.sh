#!/usr/bin/env bash
# Runs the tests of plan, runtime and thread pool under ThreadSanitizer and AddressSanitizer.
set -euo pipefail
cd "$(dirname "$0")/.."
for kind in thread address; do
  echo "== $kind sanitizer"
  swift test --sanitize "$kind" --scratch-path ".build-$kind" -Xswiftc -O \
    --filter 'ThreadPool|PlanAgreement|DamagedPlan|ProgramVerifier|Emission'
done
