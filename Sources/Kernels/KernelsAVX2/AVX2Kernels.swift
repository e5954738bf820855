package import KernelInterface

/// Every kernel with AVX2, FMA and F16C.
///
/// Only concrete functions over raw pointers belong in this module: a specialisation of generic
/// library code would be emitted as a weak symbol, which the linker may then use for the whole
/// program, also on processors without AVX2. `tools/check-isa.sh` looks for such symbols.
///
/// The folder `Wide` holds the kernels that this module shares with the one for AVX-512, as source.
package enum AVX2Kernels: KernelSet {
  package static let name: StaticString = "avx2"

  package static var tiles: TileExtents { TileShape.extents }
}

/// The set that the shared sources implement here.
package typealias WideKernels = AVX2Kernels
