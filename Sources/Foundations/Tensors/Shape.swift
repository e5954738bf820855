/// The extents of a tensor, outermost axis first. An empty shape is a scalar.
///
/// Extents are never negative; no product of some of them overflows, even if another is zero.
public struct Shape: Hashable, Sendable, CustomStringConvertible, ExpressibleByArrayLiteral {
  /// The extents, outermost first.
  public let extents: [Int]

  /// Product of all extents; 1 for a scalar.
  public let elementCount: Int

  /// Makes a shape, or nil when an extent is negative or the product of those above zero overflows
  /// `Int`. Strides are such products, also of tensors without elements.
  public init?(checking extents: [Int]) {
    var product = 1
    for extent in extents where extent != 0 {
      let (value, overflow) = product.multipliedReportingOverflow(by: extent)
      guard extent > 0, !overflow else { return nil }
      product = value
    }
    self.extents = extents
    self.elementCount = extents.contains(0) ? 0 : product
  }

  /// Makes a shape that is known to be valid. Traps otherwise: use ``init(checking:)`` for input.
  public init(_ extents: [Int]) {
    guard let shape = Shape(checking: extents) else {
      preconditionFailure("invalid shape \(extents)")
    }
    self = shape
  }

  /// Makes a shape that is known to be valid.
  public init(arrayLiteral extents: Int...) {
    self.init(extents)
  }

  /// Number of axes.
  public var rank: Int { extents.count }

  /// The extent of one axis.
  public subscript(axis: Int) -> Int { extents[axis] }

  /// Bytes of a dense tensor of this shape, or nil when that overflows `Int`.
  public func byteCount(of dtype: DType) -> Int? {
    let (bytes, overflow) = elementCount.multipliedReportingOverflow(by: dtype.byteCount)
    return overflow ? nil : bytes
  }

  /// As PyTorch prints it: `[197, 384]`.
  public var description: String { "\(extents)" }
}
