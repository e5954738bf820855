#!/usr/bin/env bash
# Runs commands on the demo's model and pictures, and the example of tools/examples: each must name the
# classes of the pictures, one picture at a time and eight together.
#
# Usage: tools/check-commands.sh, after `swift build -c release`.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.build/release:$PATH"
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
model=tools/demo/model
pictures=tools/demo/pictures

# expect NAME PATTERN FILE: fails unless the file's first line has the pattern.
expect() {
  head -1 "$3" | grep -E "$2" >/dev/null || {
    echo "check-commands: $1: expected $2, found:" >&2
    cat "$3" >&2
    exit 1
  }
}

classify-example "$model/dense.safetensors" "$folder" "$pictures/triangle-rows_09000.png" \
  >"$folder/example.txt"
expect "classify-example" 'class 8 0[.]9' "$folder/example.txt"

vitc convert "$model/dense.safetensors" --labels "$model/labels.txt" -o "$folder/plan.bin" --quiet
mkdir "$folder/pictures"
cp "$pictures"/*.png "$folder/pictures"
# Eleven that can be read, and one that cannot: a batch and a part of one.
for picture in "$pictures"/triangle*.png "$pictures"/cross*.png; do
  cp "$picture" "$folder/pictures/$(basename "$picture" .png)_again.png"
done
echo "no picture" >"$folder/pictures/disc-dots_bad.png"
vitrun eval "$folder/plan.bin" "$folder/pictures" --against "$folder/plan.bin" --json \
  >"$folder/eval.json" 2>"$folder/notes.txt"
expect "vitrun eval" \
  '"images": 11, "skipped": 1, "correct_top1": 11, "correct_top5": 11, .*"agreement": 1[,.]' \
  "$folder/eval.json"
expect "vitrun eval" 'disc-dots_bad[.]png: picture: expected' "$folder/notes.txt"
echo "check-commands: ok"
