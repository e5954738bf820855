#!/usr/bin/env bash
# Compares tools/plan_dump.py, which is written from formats/plan.md, with vitc inspect --json.
set -euo pipefail
cd "$(dirname "$0")/.."
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
python3 tools/demo/make_demo.py "$out"
.build/release/vitc convert "$out/model.safetensors" -o "$out/dense.bin" --quiet
.build/release/vitc rewrite "$out/dense.bin" --keep 0.7 -o "$out/fast.bin" --quiet >/dev/null
.build/release/vitc rewrite "$out/dense.bin" --strategy weighted --r 5 -o "$out/weighted.bin" --quiet
for plan in dense fast weighted; do
  .build/release/vitc inspect "$out/$plan.bin" --json >"$out/$plan.json"
  python3 tools/plan_dump.py "$out/$plan.bin" --against "$out/$plan.json"
done
