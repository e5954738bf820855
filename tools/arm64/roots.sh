#!/usr/bin/env bash
# Makes two roots of Debian's unstable distribution in a folder, without installing anything: `host`, with Swift and an
# emulator for this machine's x86-64, and `arm64`, with the same Swift's libraries for ARM64 and those that are linked.
# 5 GB; nothing is done where they are there already. Needs apt and the keys of Debian's archive (debian-archive-keyring).
# DEBIAN_MIRROR is the address of an archive where apt has none of Debian's.
#
# Usage: tools/arm64/roots.sh FOLDER
set -euo pipefail
[ $# -eq 1 ] || { sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 64; }
mkdir -p "$1"
folder=$(cd "$1" && pwd)

# The compiler's version is that of the libraries, as modules are read by no other.
host=(base-files dash bash coreutils sed grep findutils diffutils tar gzip gawk git python3 pkg-config
  qemu-user swiftlang libc6-dev libstdc++-16-dev)
arm64=(base-files swiftlang libc6-dev libstdc++-16-dev libprotobuf-c-dev zlib1g-dev libspng-dev libwebp-dev
  libjpeg-dev libgif-dev libtiff-dev)

# Where this machine's own packages come from, if it is Debian's archive.
mirror=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(SITE)' | grep -m 1 '/debian/*$' || true)}
[ -n "$mirror" ] || { echo "roots.sh: DEBIAN_MIRROR has to be the address of an archive of Debian" >&2; exit 1; }

# root NAME ARCHITECTURE PACKAGES...: downloads what the packages need and unpacks it, by a state of apt's own.
root() {
  local name=$1 architecture=$2
  shift 2
  [ ! -e "$folder/$name" ] || return 0
  local state=$folder/apt/$architecture
  mkdir -p "$state"/lists/partial "$state"/archives/partial
  touch "$state/status"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main" >"$state/sources.list"
  local apt=(apt-get -q -y -o "Dir::State=$state" -o "Dir::State::status=$state/status" -o "Dir::Cache=$state"
    -o "Dir::Etc::sourcelist=$state/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o "APT::Architecture=$architecture" -o "APT::Architectures::=$architecture"
    -o APT::Install-Recommends=false -o Debug::NoLocking=true)
  [ "$(id -u)" -ne 0 ] || apt+=(-o APT::Sandbox::User=root)
  { "${apt[@]}" update && "${apt[@]}" --download-only install "$@"; } >"$state/log" 2>&1 \
    || { tail -n 5 "$state/log" >&2; exit 1; }
  # Where folders are links into /usr is said by the first.
  mkdir "$folder/$name.part"
  for package in "$state"/archives/base-files_*.deb "$state"/archives/*.deb; do
    dpkg-deb -x "$package" "$folder/$name.part"
  done
  mv "$folder/$name.part" "$folder/$name"
}
root arm64 arm64 "${arm64[@]}"
root host amd64 "${host[@]}"
# Of what is unpacked and not installed, nothing has chosen which program is awk.
ln -sfn mawk "$folder/host/usr/bin/awk"

# What tells the package manager of the other root.
bundle=$folder/host/sdk/debian.artifactbundle
mkdir -p "$bundle/arm64" "$folder"/host/{arm64,source,build,packages}
ln -sfn /arm64 "$bundle/arm64/root"
cat >"$bundle/info.json" <<'END'
{"schemaVersion": "1.0",
 "artifacts": {"debian-arm64": {"type": "swiftSDK", "version": "1", "variants": [{"path": "arm64"}]}}}
END
cat >"$bundle/arm64/swift-sdk.json" <<'END'
{"schemaVersion": "4.0", "targetTriples": {"aarch64-unknown-linux-gnu": {
  "sdkRootPath": "root",
  "swiftResourcesPath": "root/usr/libexec/swift/lib/swift",
  "swiftStaticResourcesPath": "root/usr/libexec/swift/lib/swift_static",
  "toolsetPaths": ["toolset.json"]}}}
END
# The commands ask for Swift's static libraries, the tests for shared ones, which alone are looked up here: the commands
# are linked with these, too.
libraries=$folder/arm64/usr/libexec/swift/lib/swift/linux
for file in static-stdlib-args.lnk lib_FoundationCollections.a lib_FoundationCShims.a; do
  ln -sfn "../../swift_static/linux/$file" "$libraries/$file"
done
# Debian has a link for the shared libraries alone, and what makes static commands is looked up beside it.
ln -sfn ../libexec/swift/lib/swift_static "$folder/arm64/usr/lib/swift_static"
# Tests that import both Testing and Foundation ask for what Debian leaves out, and use none of it.
printf '!<arch>\n' >"$libraries/lib_Testing_Foundation.a"
# Debian's compiler has its own checks built in, of which 6.2's fail on OutputFile; without them it compiles as others do.
cat >"$bundle/arm64/toolset.json" <<'END'
{"schemaVersion": "1.0",
 "swiftCompiler": {"extraCLIOptions": ["-use-ld=lld", "-Xfrontend", "-sil-verify-none"]}}
END

# Dependencies are cloned by this machine's git, as it is set up.
package=apple/swift-argument-parser
[ -e "$folder/host/packages/$package" ] \
  || git clone -q --mirror "https://github.com/$package" "$folder/host/packages/$package"
cat >"$folder/host/etc/gitconfig" <<'END'
[url "/packages/"]
	insteadOf = https://github.com/
[safe]
	directory = *
END
