#!/usr/bin/env bash
# From a checkpoint to a label: sets up, converts the trained demo model, rewrites it for fewer tokens and
# two scales, labels an image and draws which tokens were merged.
set -euo pipefail
cd "$(dirname "$0")/.."
tools/setup.sh

model=tools/demo/model
image=tools/demo/images/triangle-rows_09000.png
out=out/demo
mkdir -p "$out"

run() {
  printf '\n$ %s\n' "$*"
  "$@"
}
export PATH="$PWD/.build/release:$PATH"
run vitc convert "$model/multiscale_0.7.safetensors" --labels "$model/labels.txt" -o "$out/dense.bin"
run vitc rewrite "$out/dense.bin" --keep 0.7 --multi-scale -o "$out/fast.bin"
run vitrun "$out/fast.bin" "$image" --top 3 --visualize "$out/tokens.png"
echo
echo "$out/tokens.png shows which tokens were merged."
