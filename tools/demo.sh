#!/usr/bin/env bash
# From a checkpoint to a label: sets up, converts the demo checkpoint, rewrites it, labels a picture.
set -euo pipefail
cd "$(dirname "$0")/.."
tools/setup.sh

out=out/demo
mkdir -p "$out"
python3 tools/demo/make_demo.py "$out"

run() {
  printf '\n$ %s\n' "$*"
  "$@"
}
export PATH="$PWD/.build/release:$PATH"
run vitc convert "$out/model.safetensors" --labels "$out/labels.txt" -o "$out/dense.bin"
run vitc rewrite "$out/dense.bin" --keep 0.7 -o "$out/fast.bin"
run vitrun "$out/dense.bin" "$out/picture.png" --top 3
run vitrun "$out/fast.bin" "$out/picture.png" --top 3 --visualize "$out/tokens.png"
echo
echo "The demo checkpoint has random weights, so its labels mean nothing; $out/tokens.png shows"
echo "which tokens were merged."
