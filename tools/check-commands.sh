#!/usr/bin/env bash
# Runs commands on the demo's model and images, and the example of tools/examples: each must name the
# classes of the images, one image at a time and eight together. Before that, what the commands are
# linked with.
#
# Usage: tools/check-commands.sh, after `swift build -c release`.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.build/release:$PATH"
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
model=tools/demo/model
images=tools/demo/images

# expect NAME PATTERN FILE: fails unless the file's first line has the pattern.
expect() {
  head -1 "$3" | grep -E "$2" >/dev/null || {
    echo "check-commands: $1: expected $2, found:" >&2
    cat "$3" >&2
    exit 1
  }
}

# linked COMMAND LIBRARY...: fails unless the command needs exactly these libraries, takes them from where
# the system has them, and has its function addresses and its code beyond writing once it runs.
linked() {
  local file=.build/release/$1
  shift
  readelf --wide --file-header --program-headers --dynamic "$file" >"$folder/elf.txt"
  for pattern in 'Type: *DYN ' 'FLAGS_1.*NOW.*PIE' ' GNU_RELRO ' 'FLAGS.*BIND_NOW' \
    ' GNU_STACK .* RW  '; do
    grep -E "$pattern" "$folder/elf.txt" >/dev/null || {
      echo "check-commands: $file: readelf does not show '$pattern'" >&2
      exit 1
    }
  done
  if grep -E 'RUNPATH|RPATH|TEXTREL| RWE? *E ' "$folder/elf.txt" >&2; then
    echo "check-commands: $file: expected no such line" >&2
    exit 1
  fi
  sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' "$folder/elf.txt" | sort >"$folder/needed.txt"
  printf '%s\n' "$@" | sort | diff "$folder/needed.txt" - || {
    echo "check-commands: $file: needs other libraries than it should" >&2
    exit 1
  }
}

# modules COMMAND PRESENT ABSENT: fails unless symbols of exactly the first modules, as Swift mangles their
# names, are in the command.
modules() {
  local file=.build/release/$1 module
  nm "$file" >"$folder/symbols.txt"
  for module in $2 $3; do
    local expected=no found=no
    [[ " $2 " != *" $module "* ]] || expected=yes
    ! grep -F "\$s${#module}$module" "$folder/symbols.txt" >/dev/null || found=yes
    [[ $expected == "$found" ]] || {
      echo "check-commands: $file: module $module: expected $expected, found $found" >&2
      exit 1
    }
  done
}

case $(uname -m) in
  x86_64) loader=ld-linux-x86-64.so.2 ;;
  aarch64) loader=ld-linux-aarch64.so.1 ;;
esac
system=("$loader" libc.so.6 libm.so.6 libgcc_s.so.1 libstdc++.so.6 libz.so.1)
# Distributions have libjpeg-turbo under several numbers.
jpeg=$(readelf --dynamic "$(cc -print-file-name=libjpeg.so)" | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p')
readers=(libspng.so.0 "$jpeg" libwebp.so.7 libgif.so.7 libtiff.so.6)
# A search runs what it rewrites, on images.
linked vitc "${system[@]}" libprotobuf-c.so.1 "${readers[@]}"
linked vitrun "${system[@]}" "${readers[@]}"
# What runs a plan reads its graph, but cannot change it.
modules vitc \
  "Checkpoints Families ModelGraph ONNXExport Passes PlanEmitter PlanFormat PlanRuntime ImageInput ViTSearch" \
  ""
modules vitrun "ModelGraph PlanFormat PlanRuntime ImageInput" \
  "Checkpoints Families ONNXExport Passes PlanEmitter ViTSearch"

# A flag that an error names must be one that a command takes.
for command in "vitc help convert" "vitc help rewrite" "vitc help search" "vitc help quantize" \
  "vitc help export" "vitc help architectures" "vitrun help label" "vitrun help embed" "vitrun help bench"; do
  $command
done >"$folder/help.txt"
for flag in $(grep -ohE -e '--[a-z][a-z0-9-]*' Sources/Commands/vitc/Flags.swift Sources/Commands/vitrun/Flags.swift); do
  grep -E -e "^  .*$flag( |/|\$)" "$folder/help.txt" >/dev/null || {
    echo "check-commands: $flag of Flags.swift: expected in the help of a command, found nowhere" >&2
    exit 1
  }
done

classify-example "$model/dense.safetensors" "$folder" "$images/triangle-rows_09000.png" \
  >"$folder/example.txt"
expect "classify-example" 'class 8 0[.]9' "$folder/example.txt"

vitc convert "$model/dense.safetensors" --labels "$model/labels.txt" -o "$folder/plan.bin" --quiet
mkdir "$folder/images"
cp "$images"/*.png "$folder/images"
# Eleven that can be read, and one that cannot: a batch and a part of one.
for image in "$images"/triangle*.png "$images"/cross*.png; do
  cp "$image" "$folder/images/$(basename "$image" .png)_again.png"
done
echo "no image" >"$folder/images/disc-dots_bad.png"
vitrun eval "$folder/plan.bin" "$folder/images" --against "$folder/plan.bin" --json \
  >"$folder/eval.json" 2>"$folder/notes.txt"
expect "vitrun eval" \
  '"images": 11, "skipped": 1, "correct_top1": 11, "correct_top5": 11, .*"agreement": 1[,.]' \
  "$folder/eval.json"
expect "vitrun eval" 'disc-dots_bad[.]png: image: expected' "$folder/notes.txt"
status=0
vitrun "$folder/plan.bin" "$folder/images" --top 1 --output "$folder/rows.csv" --format csv \
  2>"$folder/notes.txt" || status=$?
[[ $status == 1 && $(wc -l <"$folder/rows.csv") == 13 ]] || {
  echo "check-commands: vitrun --output: expected a title and 12 rows, and exit 1, found exit $status" >&2
  exit 1
}
expect "vitrun --output" 'image,error,class_1,label_1,probability_1' "$folder/rows.csv"
grep -E 'triangle-rows_09000[.]png,,8,triangle of rows,0[.]9' "$folder/rows.csv" >/dev/null || {
  echo "check-commands: vitrun --output: expected the triangle of rows, found:" >&2
  cat "$folder/rows.csv" >&2
  exit 1
}
# In eight bits the answers are the same, with labels and without.
vitc quantize "$folder/plan.bin" -o "$folder/int8.bin" --check "$folder/images" \
  >"$folder/check.txt" 2>"$folder/notes.txt"
expect "vitc quantize" 'top-1 *11 of 11 ' "$folder/check.txt"
grep 'agreement *11 of 11 ' "$folder/check.txt" >/dev/null
grep 'disc-dots_bad[.]png: image: expected' "$folder/notes.txt" >/dev/null
mkdir "$folder/unnamed"
cp "$images"/triangle*.png "$folder/unnamed"
for image in "$folder/unnamed"/*.png; do mv "$image" "$folder/unnamed/photo-$(basename "$image")"; done
vitc quantize "$folder/plan.bin" -o "$folder/int8.bin" --check "$folder/unnamed" \
  >"$folder/check.txt" 2>"$folder/notes.txt"
expect "vitc quantize" 'agreement' "$folder/check.txt"
grep 'without top-1' "$folder/notes.txt" >/dev/null
vitrun eval "$folder/int8.bin" "$folder/images" --json >"$folder/eval.json" 2>/dev/null
expect "vitrun eval" '"correct_top1": 11,' "$folder/eval.json"
rm "$folder/images/disc-dots_bad.png"
vitc convert Tests/Fixtures/imports/timm_features -o "$folder/features.bin" --quiet
vitrun embed "$folder/features.bin" "$folder/images" -o "$folder/features.npy"
[[ $(wc -l <"$folder/features.names") == 11 ]] && grep -aF "'shape': (11, 8)" "$folder/features.npy" >/dev/null
vitrun similar "$folder/features.bin" "$images/triangle-rows_09000.png" "$folder/images" --top 1 \
  >"$folder/similar.txt"
expect "vitrun similar" '1[.]0000  .*triangle-rows_09000' "$folder/similar.txt"
echo "check-commands: ok"
