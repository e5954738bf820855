/// How one value of a packed matrix is stored.
public enum MatrixElement: UInt8, Sendable, CaseIterable {
  /// IEEE binary32.
  case float32 = 0

  /// IEEE binary16, widened as it is used.
  case float16 = 1

  /// Integers from -127 to 127 with a float32 scale for each output, which multiply rows that are quantized as
  /// they come; see ``Int8PanelLayout``.
  case int8 = 2

  /// Bytes of one value.
  package var byteCount: Int {
    switch self {
    case .float32: 4
    case .float16: 2
    case .int8: 1
    }
  }
}

/// How the values of a packed matrix are ordered.
package enum MatrixLayout: UInt8, Sendable, CaseIterable {
  /// Row-major in the logical shape.
  case rows = 0

  /// ``PanelLayout`` with K in the logical order, for a convolution `(channel, y, x)`.
  case panels = 1

  /// ``PanelLayout`` with K in the order `(y, x, channel)`: a convolution over rows of pixels.
  case panelsChannelsLast = 2

  /// `[k * k][channels]`: a depthwise convolution.
  case depthwise = 3

  /// Whether the values are the weights of a product, which need not be float32 as those of other layouts are.
  package var isPanels: Bool {
    switch self {
    case .panels, .panelsChannelsLast: true
    case .rows, .depthwise: false
    }
  }
}

/// How the bytes of a constant are made of its values: the one description for plans, for what packs
/// them, and for kernels.
package struct PackedMatrix: Sendable, Equatable {
  /// Logical extents in PyTorch's convention: `[N, K]` or `[N, channels, height, width]` for panels,
  /// `[channels, 1, k, k]` for a depthwise convolution, any for rows.
  package let shape: [Int]

  /// How the values are ordered.
  package let layout: MatrixLayout

  /// How each is stored.
  package let element: MatrixElement

  /// Values in the logical shape.
  package let count: Int

  /// Values that are stored, padding included.
  package let storedCount: Int

  /// A matrix of this shape; nil if the layout cannot hold the shape in such elements, or if its bytes cannot be
  /// counted.
  package init?(shape: [Int], layout: MatrixLayout, element: MatrixElement) {
    guard shape.allSatisfy({ $0 >= 1 }), let count = Self.product(shape) else { return nil }
    if element == .int8 {
      guard layout == .panels, let outputs = shape.first,
        count / outputs <= Int8PanelLayout.maximumInputs
      else {
        return nil
      }
    }
    switch layout {
    case .rows: storedCount = count
    case .depthwise:
      guard shape.count == 4, shape[1] == 1 else { return nil }
      storedCount = count
    case .panels, .panelsChannelsLast:
      guard shape.count == 4 || shape.count == 2 && layout == .panels else { return nil }
      let panels = (shape[0] - 1) / PanelLayout.width + 1
      let inputs = count / shape[0]
      let storedInputs = element == .int8 ? Int8PanelLayout.storedInputs(inputs) : inputs
      guard let stored = Self.product([panels, PanelLayout.width, storedInputs]) else {
        return nil
      }
      storedCount = stored
    }
    // Scales and sums of int8 take at most twice the bytes of its values.
    guard Self.product([storedCount, element.byteCount, 4]) != nil else { return nil }
    (self.shape, self.layout, self.element, self.count) = (shape, layout, element, count)
  }

  /// Bytes of the stored values.
  package var valueByteCount: Int { storedCount * element.byteCount }

  /// Bytes of all that is stored.
  package var byteCount: Int {
    switch element {
    case .float32, .float16: valueByteCount
    case .int8: valueByteCount + Int8PanelLayout.termByteCount(outputs: shape[0])
    }
  }

  /// Inputs of each output of a layout with panels, K.
  package var inputs: Int { count / shape[0] }

  private static func product(_ factors: [Int]) -> Int? {
    var result = 1
    for factor in factors {
      let (product, overflow) = result.multipliedReportingOverflow(by: factor)
      if overflow { return nil }
      result = product
    }
    return result
  }
}
