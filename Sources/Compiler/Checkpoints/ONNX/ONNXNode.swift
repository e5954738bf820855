package import Tensors

/// One operation of a graph.
///
/// The attribute accessors throw an `InputError` that names the node, its operator and the attribute
/// when it holds another type than is asked for.
package struct ONNXNode: Sendable {
  /// The model's path, for errors.
  package let file: String

  /// Its place among the graph's nodes.
  package let index: Int

  /// Its name; may be empty.
  package let name: String

  /// The operator, e.g. `MatMul`.
  package let operation: String

  /// The operator's domain; ONNX's own is "".
  package let domain: String

  /// The values that it uses; an empty name is an input that is left out.
  package let inputs: [String]

  /// The values that it computes.
  package let outputs: [String]

  let attributes: [String: ONNXAttribute]

  /// What to call it in a message: operator and name, or its place if it has no name.
  package var label: String {
    (operation.isEmpty ? "node" : "\(operation) node") + (name.isEmpty ? " \(index)" : " '\(name)'")
  }

  /// An error about this node.
  package func error(expected: String, found: String) -> InputError {
    InputError(file: file, field: label, expected: expected, found: found)
  }

  /// The name of an input; nil if it is left out.
  package func input(_ position: Int) -> String? {
    inputs.indices.contains(position) && !inputs[position].isEmpty ? inputs[position] : nil
  }

  /// The name of the first output.
  /// - Throws: `InputError` if there is none.
  package func output() throws -> String {
    guard let first = outputs.first, !first.isEmpty else {
      throw error(expected: "an output", found: "none")
    }
    return first
  }

  /// The names of its attributes, sorted.
  package var attributeNames: [String] { attributes.keys.sorted() }

  /// Whether it has an attribute.
  package func has(_ attribute: String) -> Bool { attributes[attribute] != nil }

  /// An integer.
  package func integer(_ attribute: String) throws -> Int? {
    guard let value = attributes[attribute] else { return nil }
    if case .integer(let integer) = value { return integer }
    throw wrong(attribute, "an integer", value)
  }

  /// A list of integers.
  package func integers(_ attribute: String) throws -> [Int]? {
    guard let value = attributes[attribute] else { return nil }
    if case .integers(let integers) = value { return integers }
    throw wrong(attribute, "a list of integers", value)
  }

  /// A float.
  package func float(_ attribute: String) throws -> Float? {
    guard let value = attributes[attribute] else { return nil }
    if case .float(let float) = value { return float }
    throw wrong(attribute, "a float", value)
  }

  /// A list of floats.
  package func floats(_ attribute: String) throws -> [Float]? {
    guard let value = attributes[attribute] else { return nil }
    if case .floats(let floats) = value { return floats }
    throw wrong(attribute, "a list of floats", value)
  }

  /// A text.
  package func string(_ attribute: String) throws -> String? {
    guard let value = attributes[attribute] else { return nil }
    if case .string(let string) = value { return string }
    throw wrong(attribute, "a string", value)
  }

  /// A tensor.
  package func tensor(_ attribute: String) throws -> TensorView? {
    guard let value = attributes[attribute] else { return nil }
    if case .tensor(let view) = value { return view }
    throw wrong(attribute, "a tensor", value)
  }

  /// A branch of an `If`.
  package func branch(_ attribute: String) throws -> ONNXBranch? {
    guard let value = attributes[attribute] else { return nil }
    if case .branch(let branch) = value { return branch }
    throw wrong(attribute, "a graph", value)
  }

  /// The tensor of a `Constant` node, in whichever attribute it is written.
  package func constantValue() throws -> TensorView {
    var view: TensorView?
    if let value = attributes["value"] ?? attributes["value_int"] ?? attributes["value_float"]
      ?? attributes["value_ints"] ?? attributes["value_floats"]
    {
      view = value.tensor
    }
    guard let view else {
      throw error(
        expected: "a value of numbers",
        found: attributeNames.isEmpty ? "no attribute" : attributeNames.joined(separator: ", "))
    }
    return view
  }

  private func wrong(_ attribute: String, _ expected: String, _ value: ONNXAttribute) -> InputError
  {
    InputError(
      file: file, field: "\(label), attribute \(attribute)", expected: expected, found: value.kind)
  }
}
