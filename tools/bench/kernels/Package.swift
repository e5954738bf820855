// swift-tools-version: 6.2

import PackageDescription

let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]
let wide: [SwiftSetting] =
  settings + [
    .unsafeFlags([
      "-Xcc", "-mavx2", "-Xcc", "-mfma", "-Xcc", "-mf16c", "-Ounchecked",
      "-enforce-exclusivity=unchecked",
    ])
  ]

// The sources are links to the project's own, as `package` declarations end at a package's edge.
let package = Package(
  name: "kernel-bench",
  targets: [
    .systemLibrary(name: "CVectorExtras"),
    .target(name: "KernelInterface", swiftSettings: settings),
    .target(name: "KernelsPortable", dependencies: ["KernelInterface"], swiftSettings: settings),
    .target(
      name: "KernelsAVX2", dependencies: ["KernelInterface", "KernelsPortable", "CVectorExtras"],
      swiftSettings: wide),
    .target(name: "ThreadPool", dependencies: ["CVectorExtras"], swiftSettings: settings),
    .executableTarget(
      name: "kernel-bench", dependencies: ["KernelInterface", "KernelsAVX2", "ThreadPool"],
      path: "Sources/KernelBench", swiftSettings: wide),
  ],
  swiftLanguageModes: [.v6]
)
