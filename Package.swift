// swift-tools-version: 6.2

import PackageDescription

let swiftSettings: [SwiftSetting] = [
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

// What is built for: this machine's processor, or what VITC_ARCHITECTURE names where another's is built for, see
// tools/arm64.
#if arch(x86_64)
  let ownArchitecture = "x86_64"
#elseif arch(arm64)
  let ownArchitecture = "arm64"
#else
  let ownArchitecture = "other"
#endif
let architecture = Context.environment["VITC_ARCHITECTURE"] ?? ownArchitecture

// Kernels for wide registers: concrete functions over raw pointers only, see tools/check-isa.sh. Their
// loops over the extents of a tile must be unrolled whole, for its sums to stay in registers.
let wideKernels: [Target] =
  switch architecture {
  case "x86_64":
    [
      wideTarget("KernelsAVX2", flags: ["avx2", "fma", "f16c"]),
      wideTarget(
        "KernelsAVX512",
        flags: ["avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512dq", "avx512vl"]),
    ]
  case "arm64": [wideTarget("KernelsNEON", flags: [])]
  default: []
  }

func wideTarget(_ name: String, flags: [String]) -> Target {
  let options = [
    "-Ounchecked", "-enforce-exclusivity=unchecked", "-Xllvm", "-unroll-threshold=4000",
  ]
  return .target(
    name: name, dependencies: ["CLibrary", "KernelInterface", "KernelsPortable", "CVectorExtras"],
    swiftSettings: swiftSettings
      + [.unsafeFlags(options + flags.flatMap { ["-Xcc", "-m\($0)"] })])
}

// The commands carry the Swift libraries with them: they start in half the time, and a machine that
// runs them needs no Swift.
#if os(Linux)
  let commandLinkerSettings: [LinkerSetting] = [
    .unsafeFlags([
      "-static-stdlib", "-use-ld=lld", "-lswiftSynchronization", "-l_FoundationCollections",
      "-l_FoundationCShims",
      // Addresses of functions are looked up at the start and cannot be changed after it.
      "-Xlinker", "-z", "-Xlinker", "now", "-Xlinker", "-z", "-Xlinker", "relro",
      "-Xlinker", "-z", "-Xlinker", "noexecstack",
      // Memory that the system refuses is an error like any other: see CRefusedMemory.
      "-Xlinker", "--wrap=_ZN5swift28swift_abortAllocationFailureEmm",
    ])
  ]
#else
  let commandLinkerSettings: [LinkerSetting] = []
#endif

// The libraries for C and Python carry the Swift libraries with them, and give away nothing but the functions of
// their headers: a process may hold both of them, and Swift of its own.
func interfaceLinkerSettings(_ name: String) -> [LinkerSetting] {
  #if os(Linux)
    let folder = name == "vitrun" ? "VitrunInterface" : "VitcInterface"
    let map = "\(Context.packageDirectory)/Sources/Interfaces/\(folder)/exported.map"
    return [
      .unsafeFlags(
        ["-static-stdlib", "-use-ld=lld", "-lswiftSynchronization"]
          + [
            "--version-script=\(map)", "-soname=lib\(name).so.0", "-z", "now", "-z", "relro",
            "-z", "noexecstack", "-z", "nodelete",
          ].flatMap { ["-Xlinker", $0] })
    ]
  #else
    return []
  #endif
}

let package = Package(
  name: "vitc",

  // MARK: - Products
  products: [
    .library(name: "ViTRuntime", targets: ["ViTRuntime"]),
    .library(name: "ViTCompiler", targets: ["ViTCompiler"]),
    // Installed as libvitrun.so and libvitc.so: a product has the name of a command already.
    .library(name: "vitrun-c", type: .dynamic, targets: ["VitrunInterface"]),
    .library(name: "vitc-c", type: .dynamic, targets: ["VitcInterface"]),
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
      name: "CJPEG", pkgConfig: "libjpeg", providers: [.apt(["libjpeg-dev"])]),
    .target(name: "CJPEGRows", dependencies: ["CJPEG"]),
    .systemLibrary(name: "CGIF", providers: [.apt(["libgif-dev"])]),
    .systemLibrary(
      name: "CTIFF", pkgConfig: "libtiff-4", providers: [.apt(["libtiff-dev"])]),
    .target(name: "CTIFFRows", dependencies: ["CTIFF"]),
    .systemLibrary(
      name: "CProtobufC", pkgConfig: "libprotobuf-c", providers: [.apt(["libprotobuf-c-dev"])]),
    .target(name: "COnnx", dependencies: ["CProtobufC"]),

    .target(name: "CLibrary", swiftSettings: swiftSettings),
    .systemLibrary(name: "CVectorExtras"),
    .systemLibrary(name: "CMemoryFile"),
    .target(name: "CArguments"),
    .target(name: "CRefusedMemory"),

    // MARK: - Implementation: foundations
    .target(
      name: "Tensors", dependencies: ["CLibrary", "CMemoryFile"], swiftSettings: swiftSettings),
    .target(name: "JSON", dependencies: ["Tensors"], swiftSettings: swiftSettings),
    .target(name: "Records", dependencies: ["JSON", "Tensors"], swiftSettings: swiftSettings),
    .target(
      name: "ModelFacts", dependencies: ["KernelInterface", "Records"],
      swiftSettings: swiftSettings),
    .target(
      name: "ModelGraph", dependencies: ["Tensors", "Records", "ModelFacts"],
      swiftSettings: swiftSettings),

    // MARK: - Implementation: compiler
    .target(
      name: "Checkpoints", dependencies: ["CLibrary", "Tensors", "JSON", "CZlib", "COnnx"],
      swiftSettings: swiftSettings),
    .target(
      name: "Families",
      dependencies: [
        "CLibrary", "Checkpoints", "ModelGraph", "ModelFacts", "JSON", "Records", "Tensors",
      ],
      swiftSettings: swiftSettings),
    .target(
      name: "Passes", dependencies: ["ModelGraph", "ModelFacts", "Tensors"],
      swiftSettings: swiftSettings),
    .target(
      name: "PlanEmitter",
      dependencies: ["ModelGraph", "ModelFacts", "PlanFormat", "Records", "Tensors"],
      swiftSettings: swiftSettings),
    .target(
      name: "ONNXExport",
      dependencies: [
        "COnnx", "JSON", "ModelFacts", "ModelGraph", "PlanFormat", "Records", "Tensors",
      ],
      swiftSettings: swiftSettings),

    // MARK: - Implementation: plan and runtime
    .target(
      name: "PlanFormat",
      dependencies: ["Tensors", "Records", "ModelFacts", "ModelGraph", "KernelInterface"],
      swiftSettings: swiftSettings),
    .target(name: "KernelInterface", swiftSettings: swiftSettings),
    .target(
      name: "KernelsPortable", dependencies: ["CLibrary", "KernelInterface"],
      swiftSettings: swiftSettings),
    .target(
      name: "Kernels",
      dependencies: ["CLibrary", "Tensors", "KernelInterface", "KernelsPortable", "CVectorExtras"]
        + wideKernels.map { .target(name: $0.name) },
      swiftSettings: swiftSettings),
    .target(
      name: "PlanRuntime",
      dependencies: [
        "CLibrary", "Tensors", "ModelFacts", "PlanFormat", "KernelInterface", "Kernels",
        "CVectorExtras",
      ],
      swiftSettings: swiftSettings),
    .target(
      name: "ImageInput",
      dependencies: [
        "CLibrary", "Tensors", "CGIF", "CJPEGRows", "CSPNG", "CTIFFRows", "CWebP", "CZlib",
      ],
      swiftSettings: swiftSettings),

    .target(
      name: "PlanReport",
      dependencies: [
        "JSON", "KernelInterface", "ModelFacts", "ModelGraph", "PlanFormat", "Tensors",
      ],
      swiftSettings: swiftSettings),

    // MARK: - Implementation: libraries
    .target(
      name: "ViTCompiler",
      dependencies: [
        "CLibrary", "Checkpoints", "Families", "KernelInterface", "ModelFacts", "ModelGraph",
        "ONNXExport", "Passes", "PlanEmitter", "PlanFormat", "Tensors",
      ],
      swiftSettings: swiftSettings),
    .target(
      name: "ViTRuntime",
      dependencies: [
        "CLibrary", "PlanRuntime", "ImageInput", "ModelFacts", "PlanFormat", "Tensors",
      ],
      swiftSettings: swiftSettings),

    .target(
      name: "ViTSearch",
      dependencies: [
        "CLibrary", "JSON", "ModelFacts", "Passes", "PlanFormat", "Tensors", "ViTCompiler",
        "ViTRuntime",
      ],
      swiftSettings: swiftSettings),

    // MARK: - Implementation: C interfaces
    .systemLibrary(name: "CVitrun"),
    .systemLibrary(name: "CVitc"),
    .target(
      name: "CInterface", dependencies: ["CLibrary", "JSON", "Tensors"],
      swiftSettings: swiftSettings),
    .target(
      name: "VitrunInterface",
      dependencies: [
        "CVitrun", "CInterface", "PlanFormat", "PlanReport", "ViTRuntime", "JSON", "Tensors",
      ],
      exclude: ["exported.map"],
      swiftSettings: swiftSettings, linkerSettings: interfaceLinkerSettings("vitrun")),
    .target(
      name: "VitcInterface",
      dependencies: [
        "CVitc", "CInterface", "Families", "JSON", "KernelInterface", "ModelFacts", "ONNXExport",
        "Passes", "PlanFormat", "PlanReport", "Tensors", "ViTCompiler", "ViTRuntime", "ViTSearch",
      ],
      exclude: ["exported.map"],
      swiftSettings: swiftSettings, linkerSettings: interfaceLinkerSettings("vitc")),

    // MARK: - Implementation: commands
    .target(
      name: "CommandSupport",
      dependencies: [
        "CLibrary", "CArguments", "CRefusedMemory", "PlanFormat", "Tensors",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: swiftSettings),
    .executableTarget(
      name: "vitc",
      dependencies: [
        "CommandSupport", "ViTCompiler", "ViTRuntime", "ViTSearch", "Families", "Passes",
        "PlanFormat", "PlanReport",
        "ModelGraph", "ModelFacts", "JSON", "Tensors",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: swiftSettings, linkerSettings: commandLinkerSettings),
    .executableTarget(
      name: "vitrun",
      dependencies: [
        "CommandSupport", "ViTRuntime", "PlanFormat", "ModelFacts", "JSON", "Tensors",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      swiftSettings: swiftSettings, linkerSettings: commandLinkerSettings),

    // Sees what other packages see.
    .executableTarget(
      name: "classify-example", dependencies: ["ViTCompiler", "ViTRuntime"],
      path: "tools/examples", packageAccess: false, swiftSettings: swiftSettings),

    // MARK: - Tests
    .target(
      name: "TestSupport",
      dependencies: [
        "CLibrary", "Checkpoints", "Families", "JSON", "ModelFacts", "ModelGraph", "Passes",
        "PlanFormat",
        "Records",
        "Tensors", "ViTCompiler",
      ], swiftSettings: swiftSettings),
    .executableTarget(
      name: "vitfuzz",
      dependencies: [
        "CLibrary", "TestSupport", "Checkpoints", "CVitrun", "CZlib", "Families", "ImageInput",
        "JSON",
        "ModelFacts",
        "ModelGraph",
        "PlanFormat", "PlanRuntime", "Tensors", "ViTCompiler",
      ],
      path: "tools/fuzz", swiftSettings: swiftSettings),
    .executableTarget(
      name: "kernel-bench",
      dependencies: [
        "KernelInterface", "Kernels", "PlanRuntime", "JSON", "Tensors",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ],
      path: "tools/bench/kernel-bench", swiftSettings: swiftSettings),
    .testTarget(
      name: "EndToEndTests",
      dependencies: [
        "CLibrary", "TestSupport", "PlanRuntime", "ViTRuntime", "Kernels", "ImageInput", "JSON",
        "Checkpoints",
        "Families", "ModelFacts", "ModelGraph", "Passes", "PlanFormat", "Records",
        "Tensors", "ViTCompiler",
      ],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "PlanFormatTests",
      dependencies: [
        "TestSupport", "ModelFacts", "ModelGraph", "PlanFormat", "PlanRuntime",
        "Records", "Tensors", "ViTCompiler",
      ],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "PassesTests",
      dependencies: ["TestSupport", "ModelFacts", "ModelGraph", "Passes", "Tensors"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "PlanEmitterTests",
      dependencies: [
        "TestSupport", "ModelFacts", "ModelGraph", "PlanFormat", "Records",
        "Tensors", "ViTCompiler",
      ],
      swiftSettings: swiftSettings),
    .target(
      name: "FileSupport", dependencies: ["CLibrary", "Tensors"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "TensorsTests", dependencies: ["CLibrary", "FileSupport", "Tensors"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "FamiliesTests",
      dependencies: [
        "CLibrary", "TestSupport", "FileSupport", "Checkpoints", "Families", "JSON", "ModelGraph",
        "ModelFacts", "Tensors",
      ],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "JSONTests", dependencies: ["JSON", "Tensors"], swiftSettings: swiftSettings),
    .testTarget(
      name: "CheckpointsTests", dependencies: ["Checkpoints", "CZlib", "FileSupport", "Tensors"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "ImageInputTests", dependencies: ["CLibrary", "TestSupport", "ImageInput", "Tensors"],
      exclude: ["Fixtures"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "ViTSearchTests",
      dependencies: [
        "TestSupport", "PlanFormat", "Tensors", "ViTCompiler", "ViTRuntime", "ViTSearch",
      ],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "ThreadPoolTests", dependencies: ["CLibrary", "KernelInterface", "PlanRuntime"],
      swiftSettings: swiftSettings),
    .testTarget(
      name: "KernelTests", dependencies: ["CLibrary", "KernelInterface", "Kernels", "Tensors"],
      swiftSettings: swiftSettings),
  ] + wideKernels,
  swiftLanguageModes: [.v6]
)

// MARK: - Folders

// What lies in a folder may use what lies in the same one or in one before it; but the compiler and the
// runtime do not know each other. `tools/modules.py` checks it.
let folders: [(path: String, targets: [String])] = [
  (
    "Sources/System",
    [
      "CArguments", "CGIF", "CJPEG", "CJPEGRows", "CLibrary", "CMemoryFile", "COnnx",
      "CProtobufC", "CRefusedMemory", "CSPNG", "CTIFF", "CTIFFRows",
      "CVectorExtras", "CVitc", "CVitrun", "CWebP", "CZlib",
    ]
  ),
  ("Sources/Foundations", ["Tensors", "JSON", "Records"]),
  (
    "Sources/Kernels",
    [
      "KernelInterface", "KernelsPortable", "KernelsAVX2", "KernelsAVX512", "KernelsNEON",
      "Kernels",
    ]
  ),
  ("Sources/Plan", ["ModelFacts", "ModelGraph", "PlanFormat", "PlanReport"]),
  (
    "Sources/Compiler",
    ["Checkpoints", "Families", "ONNXExport", "Passes", "PlanEmitter", "ViTCompiler"]
  ),
  ("Sources/Runtime", ["PlanRuntime", "ImageInput", "ViTRuntime"]),
  ("Sources/Search", ["ViTSearch"]),
  ("Sources/Interfaces", ["CInterface", "VitrunInterface", "VitcInterface"]),
  ("Sources/Commands", ["CommandSupport", "vitc", "vitrun"]),
  ("Tests", ["EndToEndTests"]),
  ("Tests/Support", ["TestSupport", "FileSupport"]),
  ("Tests/Foundations", ["TensorsTests", "JSONTests"]),
  ("Tests/Kernels", ["KernelTests"]),
  ("Tests/Plan", ["PlanFormatTests"]),
  (
    "Tests/Compiler", ["CheckpointsTests", "FamiliesTests", "PassesTests", "PlanEmitterTests"]
  ),
  ("Tests/Search", ["ViTSearchTests"]),
  ("Tests/Runtime", ["ImageInputTests", "ThreadPoolTests"]),
]
for target in package.targets where target.path == nil {
  guard let folder = folders.first(where: { $0.targets.contains(target.name) }) else { continue }
  target.path = "\(folder.path)/\(target.name)"
}
