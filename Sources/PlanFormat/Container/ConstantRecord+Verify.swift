package import ModelGraph
internal import KernelInterface
internal import Tensors

extension ConstantRecord {
  /// The most parameters of all constants together.
  private static let maximumParameters = 1 << 40

  /// Elements that the layout stores for the logical shape; nil if the shape does not suit it.
  package static func storedElements(shape: [Int], layout: ConstantLayout) -> Int? {
    guard let logical = Shape(checking: shape), shape.allSatisfy({ $0 >= 1 }) else { return nil }
    switch layout {
    case .rows: return logical.elementCount
    case .taps: return shape.count == 4 && shape[1] == 1 ? logical.elementCount : nil
    case .panels, .panelsChannelsLast:
      guard shape.count == 2 || shape.count == 4 else { return nil }
      guard layout == .panels || shape.count == 4 else { return nil }
      let outputs = shape[0]
      let panels = (outputs - 1) / PanelLayout.width + 1
      let inputs = logical.elementCount / outputs
      let (columns, overflow) = panels.multipliedReportingOverflow(by: PanelLayout.width)
      let (total, overflow2) = columns.multipliedReportingOverflow(by: inputs)
      return overflow || overflow2 ? nil : total
    }
  }

  /// Throws unless the constants lie one behind the other, aligned, each with the size that its
  /// shape and layout ask for, and fill the weights section.
  package static func verify(_ constants: [ConstantRecord], sectionBytes: Int, file: String) throws
  {
    var end = 0
    var parameters = 0
    for (index, constant) in constants.enumerated() {
      func fail(_ field: String, _ expected: String, _ found: String) -> InputError {
        InputError(
          file: file, field: "constant \(index) \(constant.name), \(field)", expected: expected,
          found: found)
      }
      guard
        let elements = storedElements(shape: constant.shape, layout: constant.layout),
        case let (bytes, overflow) = elements.multipliedReportingOverflow(
          by: constant.element.byteCount), !overflow
      else {
        throw fail("shape", "one that \(constant.layout) can hold", "\(constant.shape)")
      }
      guard constant.byteCount == bytes else {
        throw fail("byte_count", "\(bytes)", "\(constant.byteCount)")
      }
      guard (0...(maximumParameters - parameters)).contains(constant.parameters) else {
        throw fail(
          "parameters", "0 to \(maximumParameters - parameters), 2^40 with those before",
          "\(constant.parameters)")
      }
      parameters += constant.parameters
      guard constant.offset == end else {
        throw fail("offset", "\(end)", "\(constant.offset)")
      }
      guard bytes <= sectionBytes - end else {
        throw fail("offset", "a place in \(sectionBytes) bytes", "\(end) + \(bytes)")
      }
      end = PlanLayout.aligned(end + bytes)
    }
    guard end == sectionBytes else {
      throw InputError(
        file: file, field: "weights", expected: "\(end) bytes", found: "\(sectionBytes) bytes")
    }
  }
}
