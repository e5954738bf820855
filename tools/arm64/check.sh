#!/usr/bin/env bash
# Builds everything for ARM64 on x86-64 and runs it in an emulator: that results are right, not how fast they come.
#
# Usage: tools/arm64/check.sh FOLDER [PART]...
#
# FOLDER receives two roots of Debian's unstable distribution (roots.sh) and what is built; 10 GB. Parts, by default all, an
# hour on two processors:
#   build     the commands and tests
#   isa       which functions use which instructions, by tools/check-isa.sh
#   kernels   the tests of kernels, on processors with i8mm, with dotprod alone and with neither
#   tests     the tests of the thread pool and of whole models, logits to the bit among them
#   demo      the demo's commands, with pages of 4, 16 and 64 KiB
#   eval      top-1 of the demo's model on 100 images, beside this machine's vitrun (.build/release)
#   golden    golden numbers of small models, within 1e-5; PYTHON has what tools/reference/check_export.py needs
#   hostile   the plans and images of tools/hostile/gate.py
# As root, or where users may make namespaces. PYTHON is python3 unless it is set; eval needs pillow and numpy.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ $# -ge 1 ] || { sed -n '2,18s/^# \{0,1\}//p' "$0" >&2; exit 64; }
mkdir -p "$1"
folder=$(cd "$1" && pwd)
shift
python=${PYTHON:-python3}
release=$folder/build/aarch64-unknown-linux-gnu/release
binaries=$folder/bin

# A line of the summary, which is printed in the end.
summary=()
note() {
  summary+=("arm64: $1")
  echo "arm64: $1"
}

# emulate CPU PRELOAD COMMAND...: runs a program for ARM64 on this machine, with the emulator and libraries of the roots.
emulate() {
  local cpu=$1 preload=$2 host=$folder/host/usr
  shift 2
  exec "$host/lib64/ld-linux-x86-64.so.2" --library-path "$host/lib/x86_64-linux-gnu" "$host/bin/qemu-aarch64" \
    -cpu "$cpu" -L "$folder/arm64" ${preload:+-E LD_PRELOAD="$preload"} \
    -E LD_LIBRARY_PATH=/usr/libexec/swift/lib/swift/linux -E SWIFT_BACKTRACE=enable=no "$@"
}

# Commands that look like the emulated ones' own.
wrap() {
  mkdir -p "$binaries"
  local name
  for name in vitc vitrun; do
    {
      echo '#!/usr/bin/env bash'
      echo "folder=$(printf %q "$folder")"
      declare -f emulate
      echo "emulate \"\${ARM64_CPU:-max}\" \"\${ARM64_PRELOAD:-}\" $(printf %q "$release/$name") \"\$@\""
    } >"$binaries/$name"
    chmod +x "$binaries/$name"
  done
}

# swift_tests CPU TITLE FILTER...: runs tests in the emulator and notes their last line.
swift_tests() {
  local cpu=$1 title=$2 filters=() filter
  shift 2
  for filter in "$@"; do filters+=(--filter "$filter"); done
  (emulate "$cpu" "" "$release/vitcPackageTests.xctest" --testing-library swift-testing "${filters[@]}") \
    >"$folder/tests.log" 2>&1 || { grep -E 'recorded an issue|failed' "$folder/tests.log" | head -40 >&2; return 1; }
  local last
  last=$(grep -o 'Test run with [1-9].* passed' "$folder/tests.log")
  note "$title: $last"
}

check_build() {
  tools/arm64/roots.sh "$folder"
  local product
  for product in "--product vitrun" "--product vitc" "--product kernel-bench" --build-tests; do
    # shellcheck disable=SC2086  # two words
    tools/arm64/enter.sh "$folder" swift-build -c release --disable-local-rpath --swift-sdk debian-arm64 \
      --swift-sdks-path /sdk --scratch-path /build $product
  done
  local version
  version=$(tools/arm64/enter.sh "$folder" swiftc --version 2>/dev/null)
  note "built by ${version%%$'\n'*}"
}

check_isa() {
  local result
  result=$(tools/arm64/enter.sh "$folder" env OBJDUMP=llvm-objdump tools/check-isa.sh \
    /build/aarch64-unknown-linux-gnu/release)
  note "$result"
}

check_kernels() {
  local cpu
  for cpu in max neoverse-n1 cortex-a72; do
    swift_tests "$cpu" "kernels on $cpu" KernelTests
  done
}

check_tests() {
  swift_tests max "whole models" ThreadPoolTests ReferenceFixtureTests RecordedRunTests QuantizedPlanTests CascadeTests
}

check_demo() {
  local model=tools/demo/model image=tools/demo/images/triangle-rows_09000.png page out=$folder/demo first=
  mkdir -p "$out"
  for page in 4096 16384 65536; do
    tools/arm64/enter.sh "$folder" clang --target=aarch64-unknown-linux-gnu --sysroot=/arm64 -fuse-ld=lld -shared -fPIC \
      -DPAGE_BYTES="$page" tools/arm64/page_size.c -o "/build/page-$page.so"
    export ARM64_PRELOAD=$folder/build/page-$page.so
    "$binaries/vitc" convert "$model/multiscale_0.7.safetensors" --labels "$model/labels.txt" -o "$out/dense.bin" --quiet
    "$binaries/vitc" rewrite "$out/dense.bin" --keep 0.7 --multi-scale -o "$out/fast.bin" --quiet
    "$binaries/vitrun" "$out/fast.bin" "$image" --top 3 --visualize "$out/tokens.png" | tee "$out/answer-$page"
    first=${first:-$page}
    cmp "$out/answer-$first" "$out/answer-$page"
  done
  unset ARM64_PRELOAD
  cmp "$out/tokens.png" tools/demo/tokens.png
  note "demo: the image of tokens is the repository's, with pages of 4, 16 and 64 KiB"
}

check_eval() {
  local model=tools/demo/model out=$folder/eval plan cpu run same
  "$python" tools/train/write_images.py "$out/images" --count 100
  .build/release/vitc convert "$model/dense.safetensors" --labels "$model/labels.txt" -o "$out/x86.bin" --quiet
  "$binaries/vitc" convert "$model/dense.safetensors" --labels "$model/labels.txt" -o "$out/dense.bin" --quiet
  cmp "$out/x86.bin" "$out/dense.bin"
  "$binaries/vitc" rewrite "$out/dense.bin" --keep 0.7 -o "$out/fast.bin" --quiet
  "$binaries/vitc" quantize "$out/dense.bin" -o "$out/int8.bin" --quiet
  for run in dense:max fast:max int8:max int8:neoverse-n1 int8:cortex-a72; do
    plan=${run%:*} cpu=${run#*:}
    .build/release/vitrun eval "$out/$plan.bin" "$out/images" --predictions "$out/$plan-x86.csv" >/dev/null
    ARM64_CPU=$cpu "$binaries/vitrun" eval "$out/$plan.bin" "$out/images" --predictions "$out/$plan-$cpu.csv" \
      >"$out/$plan-$cpu.txt"
    same=$(awk -F, 'NR == FNR { class[$2] = $5; next } FNR > 1 && class[$2] == $5 { same++ } END { print same + 0 }' \
      "$out/$plan-x86.csv" "$out/$plan-$cpu.csv")
    [ "$same" -eq 100 ] || { echo "check: $plan on $cpu: expected x86-64's answers, found $same of 100" >&2; exit 1; }
    note "eval of $plan on $cpu: $(head -n 1 "$out/$plan-$cpu.txt"), every answer as on x86-64"
  done
}

check_golden() {
  "$python" tools/arm64/golden.py "$binaries" | tee "$folder/golden.log"
  note "$(tail -n 1 "$folder/golden.log")"
}

check_hostile() {
  "$python" tools/hostile/gate.py --binaries "$binaries" --emulated --rows 36-48,55,61 | tee "$folder/hostile.log"
  note "hostile plans and images: $(tail -n 1 "$folder/hostile.log")"
}

parts=("$@")
[ ${#parts[@]} -gt 0 ] || parts=(build isa kernels tests demo eval golden hostile)
for part in "${parts[@]}"; do
  case $part in
    build | isa | kernels | tests | demo | eval | golden | hostile) ;;
    *) echo "check: $part: expected build, isa, kernels, tests, demo, eval, golden or hostile" >&2; exit 64 ;;
  esac
done
wrap
for part in "${parts[@]}"; do "check_$part"; done
printf '%s\n' "${summary[@]}"
