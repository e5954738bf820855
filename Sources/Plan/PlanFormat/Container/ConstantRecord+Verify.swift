internal import KernelInterface
internal import ModelFacts
internal import Tensors

extension ConstantRecord {
  /// Inputs of each output, if its shape says so.
  private var inputs: Int? {
    var product: Int? = shape.isEmpty ? nil : 1
    for extent in shape.dropFirst() {
      guard extent >= 1, let inputs = product else { return nil }
      let (value, overflow) = inputs.multipliedReportingOverflow(by: extent)
      product = overflow ? nil : value
    }
    return product
  }

  /// The most parameters of all constants together.
  private static let maximumParameters = 1 << 40

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
      if constant.element == .int8, let inputs = constant.inputs,
        inputs > Int8PanelLayout.maximumInputs
      {
        throw fail(
          "shape",
          "at most \(Int8PanelLayout.maximumInputs) inputs of int8, so that sums fit 32 bits",
          "\(inputs)")
      }
      guard let bytes = constant.matrix?.byteCount else {
        throw fail(
          "shape", "one that \(constant.layout) of \(constant.element) can hold",
          "\(constant.shape)")
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
