internal import ModelFacts
internal import Tensors

/// Operands or constants that do not fit an op.
struct OperandMismatch: Error {
  let reason: String

  init(_ reason: String) { self.reason = reason }
}

extension ValueType {
  /// The extents of an image or a map.
  var extents: (channels: Int, height: Int, width: Int)? {
    switch self {
    case .image(let channels, let height, let width), .map(let channels, let height, let width):
      (channels, height, width)
    case .rows, .indices: nil
    }
  }

  /// Bounds that keep every later product far from overflow, also for graphs from hostile plans.
  func checkExtents() throws {
    let extents: [Int] =
      switch self {
      case .image(let channels, let height, let width), .map(let channels, let height, let width):
        [channels, height, width]
      case .rows(let count, let width, _): [count, width]
      case .indices(let count, _): [count]
      }
    guard extents.allSatisfy({ (1...(1 << 24)).contains($0) }),
      let shape = Shape(checking: extents), shape.elementCount <= 1 << 32
    else { throw OperandMismatch("result \(self) is empty or too large") }
  }
}

/// The questions that inference asks about a node's operands.
package struct OperandCheck {
  let operands: [ValueType]

  /// What the node's first result will be named.
  let firstResult: ValueID

  let shape: (ConstantID) -> Shape

  func that(_ condition: Bool, _ expected: @autoclosure () -> String) throws {
    guard condition else { throw OperandMismatch("expected " + expected()) }
  }

  func count(_ expected: Int) throws {
    try that(operands.count == expected, "\(expected) operands, found \(operands.count)")
  }

  /// Rows that are all in use.
  func rows(_ index: Int) throws -> (count: Int, width: Int) {
    guard case .rows(let count, let width, nil) = operands[index] else {
      throw OperandMismatch(
        "expected rows that are all in use as operand \(index), found \(operands[index])")
    }
    return (count, width)
  }

  /// Rows of which some may not be in use, with the tokens along `axis`.
  func rows(
    _ index: Int, tokensAlong axis: TokenAxis
  ) throws -> (count: Int, width: Int, unused: UnusedTokens?) {
    guard case .rows(let count, let width, let unused) = operands[index],
      unused == nil || unused?.axis == axis
    else {
      throw OperandMismatch(
        "expected rows with tokens along \(axis.word) as operand \(index), found "
          + "\(operands[index])")
    }
    return (count, width, unused)
  }

  func rows(_ index: Int, are count: Int, _ width: Int, unused: UnusedTokens? = nil) throws {
    try type(index, is: .rows(count: count, width: width, unused: unused))
  }

  func type(_ index: Int, is expected: ValueType) throws {
    try that(
      operands[index] == expected, "\(expected) as operand \(index), found \(operands[index])")
  }

  /// Indices of which all are in use.
  func indices(_ index: Int) throws -> Int {
    guard case .indices(let count, nil) = operands[index] else {
      throw OperandMismatch(
        "expected indices that are all in use as operand \(index), found \(operands[index])")
    }
    return count
  }

  /// Throws if an image may have none of an operand's tokens.
  func someInUse(_ index: Int) throws {
    guard let unused = operands[index].unused else { return }
    let room: Int
    switch (operands[index], unused.axis) {
    case (.rows(let count, _, _), .rows): room = count
    case (.rows(_, let width, _), .columns): room = width
    case (.indices(let count, _), _): room = count
    case (.image, _), (.map, _): return
    }
    try that(
      unused.most < room,
      "tokens of which every image has some as operand \(index), found \(operands[index])")
  }

  func map(_ index: Int) throws -> (channels: Int, height: Int, width: Int) {
    guard case .map(let channels, let height, let width) = operands[index] else {
      throw OperandMismatch("expected a map as operand \(index), found \(operands[index])")
    }
    return (channels, height, width)
  }

  func constant(_ id: ConstantID, is extents: [Int]) throws {
    let found = shape(id)
    try that(found.extents == extents, "constant \(id.index) of \(extents), found \(found)")
  }

  func norm(_ norm: Norm, width: Int) throws {
    try constant(norm.weight, is: [width])
    try constant(norm.bias, is: [width])
    try that(norm.epsilon >= 0 && norm.epsilon < 1, "epsilon in [0, 1), found \(norm.epsilon)")
  }

  /// The width of the first operand's rows, which are a grid behind `prefix` others.
  func grid(_ prefix: Int, _ height: Int, _ width: Int) throws -> Int {
    let found = try rows(0)
    try that(
      ModelFacts.gridPrefixCounts.contains(prefix) && (1...4096).contains(height)
        && (1...4096).contains(width) && found.count == prefix + height * width,
      "\(prefix) + \(height) x \(width) tokens, found \(found.count)")
    return found.width
  }

  func equalShapes(count: Int) throws {
    try self.count(count)
    try that(
      operands.allSatisfy { $0 == operands[0] }, "operands of one shape, found \(operands)")
  }
}
