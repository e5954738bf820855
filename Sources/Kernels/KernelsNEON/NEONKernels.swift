package import KernelInterface

/// Every kernel with NEON, which all processors of ARM64 have: registers of four elements, with fused multiply-adds and
/// conversion from float16.
///
/// What ``AVX2Kernels`` says about its module holds for this one too; both share the sources in `Wide` and the extents of
/// the tiles.
package enum NEONKernels: KernelSet {
  package static let name: StaticString = "neon"

  package static var tiles: TileExtents { TileShape.extents }
}

/// The set that the shared sources implement here.
package typealias WideKernels = NEONKernels
