#!/usr/bin/env bash
# Runs a command in the root that tools/arm64/roots.sh made, with the repository at /source, what is built at /build and
# the other root at /arm64. As root, or where users may make namespaces.
#
# Usage: tools/arm64/enter.sh FOLDER COMMAND...
set -euo pipefail
[ $# -ge 2 ] || { sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 64; }
folder=$(cd "$1" && pwd)
shift
repository=$(cd "$(dirname "$0")/../.." && pwd)
mkdir -p "$folder/build"
namespace=(unshare --mount)
[ "$(id -u)" -eq 0 ] || namespace=(unshare --map-root-user --mount)
exec "${namespace[@]}" bash -c '
  set -euo pipefail
  folder=$1 repository=$2
  shift 2
  host=$folder/host
  mount --rbind /proc "$host/proc"
  mount --rbind /dev "$host/dev"
  mount --bind "$repository" "$host/source"
  # What lies beside the repository, which tests look for there.
  if [ -d "$repository/../shared" ]; then
    mkdir -p "$host/shared"
    mount --rbind "$repository/../shared" "$host/shared"
  fi
  mount --bind "$folder/build" "$host/build"
  mount --bind "$folder/arm64" "$host/arm64"
  cd /
  exec chroot "$host" /usr/bin/env -i PATH=/usr/libexec/swift/bin:/usr/bin:/usr/sbin HOME=/root LANG=C.UTF-8 \
    VITC_ARCHITECTURE=arm64 PKG_CONFIG_PATH=/arm64/usr/lib/aarch64-linux-gnu/pkgconfig SWIFT_BACKTRACE=enable=no \
    bash -c "cd /source && exec \"\$@\"" bash "$@"' bash "$folder" "$repository" "$@"
