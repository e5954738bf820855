#!/usr/bin/env bash
# Runs the lines of README.md in this folder with real Ray and real Spark, kills a worker in the middle of each run, and
# compares the rows with those of `vitrun label`: check.py says how. Some minutes, and packages of 700 MB in out/.
#
# Usage: tools/cluster/test.sh [IMAGES [PLAN]] [--count 2000] [--engines xargs,ray,spark], after
# `swift build -c release --disable-local-rpath`. By default the demo's images and model, 200 times.
set -euo pipefail
cd "$(dirname "$0")/../.."
command -v java >/dev/null || {
  as_root=""
  [ "$(id -u)" -eq 0 ] || as_root="sudo"
  $as_root apt-get update -qq
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq default-jre-headless >/dev/null
}
venv=out/cluster
[ -x "$venv/bin/python" ] || python3 -m venv "$venv"
"$venv/bin/pip" install --quiet ./tools/python -r tools/cluster/requirements.txt
PATH=$PWD/$venv/bin:$PWD/.build/release:$PATH python tools/cluster/check.py "$@"
