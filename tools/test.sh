#!/usr/bin/env bash
# Sets up, then runs every test and check of the repository.
set -euo pipefail
cd "$(dirname "$0")/.."
tools/setup.sh
tools/check-isa.sh
python3 tools/modules.py --quiet
python3 tools/bench/record.py --check
python3 tools/docs.py
swift format lint --strict --recursive Package.swift Sources Tests tools/bench tools/examples tools/fuzz
python3 tools/hostile/gate.py
# Memory that Swift's own arrays are refused ends a command in words, by what the linker put in the runtime's
# place.
python3 tools/hostile/sweep.py --only "convert f32" --classes allocation
tools/check-plan-dump.sh
tools/check-commands.sh
tools/check-libraries.sh
python3 tools/check_readme.py
# Without testable imports, the tests use the binaries that are already built.
swift test -c release --disable-testable-imports --disable-local-rpath
