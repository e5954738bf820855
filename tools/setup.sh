#!/usr/bin/env bash
# Installs the Debian packages that are missing and builds vitc and vitrun. Quick when there is
# nothing to do. Needs Swift 6.2 or later on the PATH.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(libprotobuf-c-dev zlib1g-dev libspng-dev libwebp-dev libjpeg-dev libgif-dev libtiff-dev pkg-config)
# What compiles the examples in C, and what makes virtual environments, may be there in other ways.
command -v c++ >/dev/null || packages+=(g++)
python3 -c 'import ensurepip' 2>/dev/null || packages+=(python3-venv)
missing=()
for package in "${packages[@]}"; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' \
    || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
  echo "Installing ${missing[*]}"
  as_root=""
  [ "$(id -u)" -eq 0 ] || as_root="sudo"
  $as_root apt-get update -qq
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}" >/dev/null
fi

command -v swift >/dev/null || {
  echo "swift is not on the PATH; install it from https://www.swift.org/install/linux/" >&2
  exit 1
}
# Without a path of their own folder, in which the commands would look for system libraries.
swift build -c release --disable-local-rpath "$@"
