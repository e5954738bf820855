#!/usr/bin/env bash
# Runs the example of tools/examples on the demo's model: it must name the picture's class.
#
# Usage: tools/check-example.sh, after `swift build -c release`.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
picture=tools/demo/pictures/triangle-rows_09000.png
.build/release/classify-example tools/demo/model/dense.safetensors "$folder" "$picture" \
  >"$folder/labels.txt"
head -1 "$folder/labels.txt" | grep 'class 8 0[.]9' >/dev/null || {
  echo "check-example: expected class 8 first, found:" >&2
  cat "$folder/labels.txt" >&2
  exit 1
}
echo "check-example: ok"
