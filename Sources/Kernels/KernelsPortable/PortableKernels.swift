package import KernelInterface

/// Every kernel in the baseline instruction set: the reference for the others, and the fallback.
///
/// A product and its sum are rounded separately here, as the baseline has no fused multiply-add.
package enum PortableKernels: KernelSet {
  package static let name: StaticString = "portable"

  /// One panel is multiplied at a time; items are cut as those of the other sets.
  package static var tiles: TileExtents {
    TileExtents(
      panels: 1, itemPanels: 2, pairedItemPanels: 2, itemRows: 104, preparedRows: 24,
      sliceInputs: 1, valueVectors: 1,
      winogradTiles: 12)
  }
}

/// Eight neighbouring elements, half a row of a panel.
typealias Vector = SIMD8<Float>

/// Elements of a vector.
@inline(__always)
var lanes: Int { Vector.scalarCount }

/// `PanelLayout.width`, which would be a call from here.
@inline(__always)
var panelWidth: Int { PanelLayout.Row.scalarCount }

extension UnsafePointer<Float> {
  /// Eight elements from `index` on, of any alignment.
  @inline(__always)
  func vector(_ index: Int) -> Vector {
    UnsafeRawPointer(self + index).loadUnaligned(as: Vector.self)
  }
}

extension UnsafeMutablePointer<Float> {
  /// Eight elements from `index` on, of any alignment.
  @inline(__always)
  func vector(_ index: Int) -> Vector {
    UnsafeRawPointer(self + index).loadUnaligned(as: Vector.self)
  }

  /// Writes eight elements from `index` on, of any alignment.
  @inline(__always)
  func store(_ vector: Vector, _ index: Int) {
    UnsafeMutableRawPointer(self + index).storeBytes(of: vector, as: Vector.self)
  }
}
