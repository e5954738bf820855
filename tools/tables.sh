#!/usr/bin/env bash
# Prints multiply-adds (G) and parameters (M) of our rows of the paper's tables 1 to 3, beside the
# paper's figures, from random weights of the right shapes.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.build/release:$PATH"
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT

value() { # FILE KEY DIVISOR
  python3 -c 'import json, sys; print("%.3f" % (json.load(open(sys.argv[1]))[sys.argv[2]] / float(sys.argv[3])))' "$@"
}
rewritten() { # FLAGS...: GMACs
  vitc rewrite "$out/dense.bin" -o "$out/fast.bin" --quiet "$@" >"$out/schedule.txt"
  vitc inspect "$out/fast.bin" --json >"$out/fast.json"
  value "$out/fast.json" gmacs 1
}

echo "| model | parameters | with multi-scale | dense | keep 0.7 | keep 0.5 | keep 0.7 + multi-scale | paper: parameters | paper: dense / pruned |"
echo "|---|---|---|---|---|---|---|---|---|"
while IFS='|' read -r name architecture parameters paper; do
  python3 tools/bench/random_checkpoint.py "$architecture" "$out/model.safetensors" --multi-scale
  vitc convert "$out/model.safetensors" --arch "$architecture" --weights f16 -o "$out/dense.bin" --quiet
  vitc inspect "$out/dense.bin" --json >"$out/dense.json"
  keep7=$(rewritten --keep 0.7)
  keep5=$(rewritten --keep 0.5)
  both=$(rewritten --keep 0.7 --multi-scale)
  echo "| $name | $(value "$out/dense.json" parameters 1e6) | $(value "$out/fast.json" parameters 1e6) | $(value "$out/dense.json" gmacs 1) | $keep7 | $keep5 | $both | $parameters | $paper |"
done <<'ROWS'
DeiT-T|deit_tiny_patch16_224|5.7, 5.8 with multi-scale|1.3 / 0.8
DeiT-S|deit_small_patch16_224|22.1, 22.2 with multi-scale|4.6 / 3.0 (3.1 with multi-scale), 2.3 at keep 0.5
DeiT-B|deit_base_patch16_224||17.5 / 11.5
LV-ViT-S|lvvit_s||6.6 / 3.9 (at keep 0.5)
ROWS
