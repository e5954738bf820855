// swift-tools-version: 6.2

import PackageDescription

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]
let kernelFlags = [
  "-Ounchecked", "-enforce-exclusivity=unchecked", "-Xllvm", "-unroll-threshold=4000",
]
let avx2Flags = ["-Xcc", "-mavx2", "-Xcc", "-mfma", "-Xcc", "-mf16c"]
let avx512Flags = ["f", "bw", "dq", "vl"].flatMap { ["-Xcc", "-mavx512\($0)"] }

// The sources are links to the project's own, as `package` declarations end at a package's edge.
let package = Package(
  name: "kernel-bench",
  targets: [
    .systemLibrary(name: "CVectorExtras"),
    .target(name: "KernelInterface", swiftSettings: settings),
    .target(name: "KernelsPortable", dependencies: ["KernelInterface"], swiftSettings: settings),
    .target(
      name: "KernelsAVX2", dependencies: ["KernelInterface", "KernelsPortable", "CVectorExtras"],
      swiftSettings: settings + [.unsafeFlags(avx2Flags + kernelFlags)]),
    .target(
      name: "KernelsAVX512", dependencies: ["KernelInterface", "KernelsPortable", "CVectorExtras"],
      swiftSettings: settings + [.unsafeFlags(avx2Flags + avx512Flags + kernelFlags)]),
    .target(
      name: "ThreadPool", dependencies: ["CVectorExtras", "KernelInterface"],
      swiftSettings: settings),
    .executableTarget(
      name: "kernel-bench",
      dependencies: [
        "CVectorExtras", "KernelInterface", "KernelsPortable", "KernelsAVX2", "KernelsAVX512",
        "ThreadPool",
      ],
      path: "Sources/KernelBench", swiftSettings: settings),
  ],
  swiftLanguageModes: [.v6]
)
