#!/usr/bin/env bash
# Makes a root folder with nothing in it but what the commands need: them as tools/install.sh installs them, and the system's
# libraries that they are linked with. Then runs them in it, without /proc, /dev and /tmp: what a container of the Dockerfile
# must do is tried here without any daemon.
#
# Usage: tools/make_rootfs.sh FOLDER, as root or where users may make namespaces, after
# `swift build -c release --disable-local-rpath`
set -euo pipefail
cd "$(dirname "$0")/.."
[ $# -eq 1 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 64; }
root=$1
[ ! -e "$root" ] || { echo "make_rootfs: $root: expected no such folder yet, found one" >&2; exit 1; }
mkdir -p "$root/usr/local" "$root/data"
root=$(cd "$root" && pwd)
tools/install.sh --prefix "$root/usr/local"
for program in vitc vitrun; do
  ldd "$root/usr/local/bin/$program"
done | grep -oE '/[^ ]+' | grep -v "^$root" | sort -u | while read -r library; do
  mkdir -p "$root$(dirname "$library")"
  cp --dereference "$library" "$root$library"
done

images=tools/demo/images
cp tools/demo/model/dense.safetensors tools/demo/model/config.json tools/demo/model/labels.txt "$root/data"
cp $images/*.png "$root/data"
enter=(chroot)
[ "$(id -u)" -eq 0 ] || enter=(unshare --map-root-user chroot)
run() { "${enter[@]}" "$root" /usr/local/bin/"$@"; }
run vitc convert /data/dense.safetensors --labels /data/labels.txt -o /data/dense.bin --quiet
run vitc rewrite /data/dense.bin --keep 0.7 -o /data/fast.bin --quiet
for image in $images/*.png; do
  name=$(basename "$image" .png)
  class=${name%_*}
  run vitrun /data/fast.bin "/data/$name.png" --top 1 | grep -F "${class//-/ of }" >/dev/null \
    || { echo "make_rootfs: $name: expected its class, found another" >&2; exit 1; }
done
rm -r "$root/data"
echo "make_rootfs: $(du -sh "$root" | cut -f1) in $root: ok"
