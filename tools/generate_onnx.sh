#!/usr/bin/env bash
# Writes the C code of Sources/System/COnnx from formats/onnx.proto. Needs protobuf-c-compiler.
set -euo pipefail
cd "$(dirname "$0")/.."
protoc-c --proto_path=formats --c_out=Sources/System/COnnx onnx.proto
mv Sources/System/COnnx/onnx.pb-c.h Sources/System/COnnx/include/onnx.pb-c.h
