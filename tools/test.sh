#!/usr/bin/env bash
# Sets up, then runs every test and check of the repository.
set -euo pipefail
cd "$(dirname "$0")/.."
tools/setup.sh
tools/check-isa.sh
swift format lint --strict --recursive Package.swift Sources Tests
python3 tools/demo/make_demo.py "$(mkdir -p out/demo && echo out/demo)"
swift test -c release --quiet 2>&1
