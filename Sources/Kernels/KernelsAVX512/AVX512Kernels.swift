package import KernelInterface

/// Every kernel with AVX-512 (F, BW, DQ and VL).
///
/// What ``AVX2Kernels`` says about its module holds for this one too; both share the sources in `Wide`.
package enum AVX512Kernels: KernelSet {
  package static let name: StaticString = "avx512"

  package static var tiles: TileExtents { TileShape.extents }
}

/// The set that the shared sources implement here.
package typealias WideKernels = AVX512Kernels
