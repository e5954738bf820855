#!/usr/bin/env bash
# Depends on a release of this package as others do: a package in a folder of its own, with `from:` and a clone of the last
# commit that has a tag, runs the example of tools/examples on the demo's model. Builds everything, in a quarter of an hour.
#
# Usage: tools/check-swift-package.sh [VERSION], 0.2.0 by default
set -euo pipefail
cd "$(dirname "$0")/.."
version=${1:-0.2.0}
root=$PWD
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
git clone --quiet "file://$root" "$folder/vitc"
git -C "$folder/vitc" tag "$version"
mkdir -p "$folder/user/Sources/user"
cat >"$folder/user/Package.swift" <<SWIFT
// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "user",
  dependencies: [.package(url: "file://$folder/vitc", from: "$version")],
  targets: [
    .executableTarget(
      name: "user",
      dependencies: [
        .product(name: "ViTCompiler", package: "vitc"), .product(name: "ViTRuntime", package: "vitc"),
      ])
  ])
SWIFT
cp tools/examples/Classify.swift "$folder/user/Sources/user/Classify.swift"
swift build -c release --package-path "$folder/user" --product user 2>&1 | tail -3
"$folder/user/.build/release/user" tools/demo/model/dense.safetensors "$folder" \
  tools/demo/images/triangle-rows_09000.png | tee "$folder/classes.txt"
grep -E 'class 8 0[.]9' "$folder/classes.txt" >/dev/null
echo "check-swift-package: ok"
