// swift-tools-version: 6.2

import PackageDescription

let swiftSettings: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

// Kernel modules hold concrete functions over raw pointers only: see tools/check-isa.sh.
#if arch(x86_64)
  let avx2Settings: [SwiftSetting] =
    swiftSettings + [
      .unsafeFlags([
        "-Xcc", "-mavx2", "-Xcc", "-mfma", "-Xcc", "-mf16c", "-Ounchecked",
        "-enforce-exclusivity=unchecked",
      ])
    ]
#else
  let avx2Settings = swiftSettings
#endif

// The commands carry the Swift libraries with them: they start in half the time, and a machine that
// runs them needs no Swift.
#if os(Linux)
  let commandLinkerSettings: [LinkerSetting] = [
    .unsafeFlags([
      "-static-stdlib", "-use-ld=lld", "-lswiftSynchronization", "-l_FoundationCollections",
      "-l_FoundationCShims",
    ])
  ]
#else
  let commandLinkerSettings: [LinkerSetting] = []
#endif

let package = Package(
  name: "vitc",

  // MARK: - Products
  products: [
    .library(name: "ViTRuntime", targets: ["PlanRuntime", "ImageInput"]),
    .library(name: "ViTCompiler", targets: ["Checkpoints", "Families", "Passes", "PlanEmitter"]),
    .executable(name: "vitc", targets: ["vitc"]),
    .executable(name: "vitrun", targets: ["vitrun"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0")
  ],

  targets: [
    // MARK: - Implementation: system libraries
    .systemLibrary(
      name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(
      name: "CSPNG", pkgConfig: "spng", providers: [.apt(["libspng-dev"])]),
    .systemLibrary(
      name: "CWebP", pkgConfig: "libwebp", providers: [.apt(["libwebp-dev"])]),
    .systemLibrary(
      name: "CTurboJPEG", pkgConfig: "libturbojpeg", providers: [.apt(["libturbojpeg0-dev"])]),
    .systemLibrary(
      name: "CProtobufC", pkgConfig: "libprotobuf-c", providers: [.apt(["libprotobuf-c-dev"])]),
    .target(name: "COnnx", dependencies: ["CProtobufC"]),

    .systemLibrary(name: "CVectorExtras"),

    // MARK: - Implementation: foundations
    .target(name: "Tensors", swiftSettings: swiftSettings),
    .target(name: "JSON", dependencies: ["Tensors"], swiftSettings: swiftSettings),
    .target(name: "Records", dependencies: ["Tensors"], swiftSettings: swiftSettings),
    .target(name: "ModelFacts", dependencies: ["Records"], swiftSettings: swiftSettings),

    // MARK: - Implementation: compiler
    .target(
      name: "Checkpoints", dependencies: ["Tensors", "JSON", "CZlib", "COnnx"],
      swiftSettings: swiftSettings),
    .target(
      name: "ModelGraph", dependencies: ["Tensors", "Records", "ModelFacts"],
      swiftSettings: swiftSettings),
    .target(
      name: "Families",
      dependencies: ["Checkpoints", "ModelGraph", "ModelFacts", "JSON", "Tensors"],
      swiftSettings: swiftSettings),
    .target(
      name: "Passes", dependencies: ["ModelGraph", "ModelFacts", "Tensors"],
      swiftSettings: swiftSettings),
    .target(
      name: "PlanEmitter",
      dependencies: [
        "ModelGraph", "ModelFacts", "Passes", "PlanFormat", "KernelInterface", "Records", "Tensors",
      ],
      swiftSettings: swiftSettings),

    // MARK: - Implementation: plan and runtime
    .target(
      name: "PlanFormat", dependencies: ["Tensors", "Records", "ModelFacts"],
      swiftSettings: swiftSettings),
    .target(name: "KernelInterface", swiftSettings: swiftSettings),
    .target(
      name: "KernelsPortable", dependencies: ["KernelInterface"], swiftSettings: swiftSettings),
    .target(
      name: "KernelsAVX2", dependencies: ["KernelInterface", "KernelsPortable", "CVectorExtras"],
      swiftSettings: avx2Settings),
    .target(
      name: "Kernels",
      dependencies: [
        "Tensors", "KernelInterface", "KernelsPortable", "KernelsAVX2", "CVectorExtras",
      ],
      swiftSettings: swiftSettings),
    .target(
      name: "PlanRuntime",
      dependencies: [
        "Tensors", "ModelFacts", "PlanFormat", "KernelInterface", "Kernels", "CVectorExtras",
      ],
      swiftSettings: swiftSettings),
    .target(
      name: "ImageInput", dependencies: ["Tensors", "CTurboJPEG", "CSPNG", "CWebP", "CZlib"],
      swiftSettings: swiftSettings),

    // MARK: - Implementation: commands
    .target(
      name: "CommandSupport",
      dependencies: [
        "PlanFormat", "Tensors",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: swiftSettings),
    .executableTarget(
      name: "vitc",
      dependencies: [
        "CommandSupport", "Checkpoints", "Families", "Passes", "PlanEmitter", "PlanFormat",
        "ModelGraph",
        "ModelFacts", "JSON", "Tensors",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: swiftSettings, linkerSettings: commandLinkerSettings),
    .executableTarget(
      name: "vitrun",
      dependencies: [
        "CommandSupport", "PlanRuntime", "ImageInput", "PlanFormat", "ModelFacts", "JSON",
        "Tensors",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: swiftSettings, linkerSettings: commandLinkerSettings),

    // MARK: - Tests
    .target(
      name: "TestSupport",
      dependencies: [
        "Checkpoints", "Families", "JSON", "ModelFacts", "ModelGraph", "Passes", "PlanEmitter",
        "PlanFormat", "Records", "Tensors",
      ],
      path: "Tests/TestSupport", swiftSettings: swiftSettings),
    .executableTarget(
      name: "vitfuzz",
      dependencies: [
        "TestSupport", "Checkpoints", "CZlib", "Families", "ImageInput", "JSON", "ModelGraph",
        "PlanEmitter", "PlanFormat", "PlanRuntime", "Tensors",
      ],
      path: "tools/fuzz", swiftSettings: swiftSettings),
    .testTarget(
      name: "EndToEndTests",
      dependencies: [
        "TestSupport", "PlanRuntime", "ImageInput", "JSON", "Checkpoints", "Families", "Records",
      ],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "PlanFormatTests", dependencies: ["TestSupport", "PlanRuntime"],
      swiftSettings: swiftSettings),
    .testTarget(name: "PassesTests", dependencies: ["TestSupport"], swiftSettings: swiftSettings),
    .testTarget(
      name: "PlanEmitterTests", dependencies: ["TestSupport"], swiftSettings: swiftSettings),
    .target(
      name: "FileSupport", dependencies: ["Tensors"], path: "Tests/FileSupport",
      swiftSettings: swiftSettings),
    .testTarget(
      name: "TensorsTests", dependencies: ["FileSupport", "Tensors"], swiftSettings: swiftSettings),
    .testTarget(
      name: "FamiliesTests",
      dependencies: [
        "TestSupport", "Checkpoints", "Families", "ModelGraph", "ModelFacts", "Tensors",
      ],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "JSONTests", dependencies: ["JSON", "Tensors"], swiftSettings: swiftSettings),
    .testTarget(
      name: "CheckpointsTests", dependencies: ["Checkpoints", "CZlib", "FileSupport", "Tensors"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "ImageInputTests", dependencies: ["ImageInput", "Tensors"], exclude: ["Fixtures"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "ThreadPoolTests", dependencies: ["PlanRuntime"], swiftSettings: swiftSettings),
    .testTarget(
      name: "KernelTests", dependencies: ["KernelInterface", "Kernels", "Tensors"],
      swiftSettings: swiftSettings),
  ],
  swiftLanguageModes: [.v6]
)
