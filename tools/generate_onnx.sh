#!/usr/bin/env bash
# Writes the C code of Sources/COnnx from formats/onnx.proto. Needs protobuf-c-compiler.
set -euo pipefail
cd "$(dirname "$0")/.."
protoc-c --proto_path=formats --c_out=Sources/COnnx onnx.proto
mv Sources/COnnx/onnx.pb-c.h Sources/COnnx/include/onnx.pb-c.h
