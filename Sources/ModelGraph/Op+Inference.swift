internal import Tensors

/// Operands or constants that do not fit an op.
struct OperandMismatch: Error {
  let reason: String

  init(_ reason: String) { self.reason = reason }
}

extension ValueType {
  /// Bounds that keep every later product far from overflow, also for graphs from hostile plans.
  func checkExtents() throws {
    let extents: [Int] =
      switch self {
      case .picture(let channels, let height, let width), .map(let channels, let height, let width):
        [channels, height, width]
      case .rows(let count, let width): [count, width]
      case .indices(let count): [count]
      }
    guard extents.allSatisfy({ (1...(1 << 24)).contains($0) }),
      let shape = Shape(checking: extents), shape.elementCount <= 1 << 32
    else { throw OperandMismatch("result \(self) is empty or too large") }
  }
}

extension Op {
  /// The results' types.
  /// - Throws: ``OperandMismatch`` naming what was expected and what is there.
  func infer(operands: [ValueType], shape: @escaping (ConstantID) -> Shape) throws -> [ValueType] {
    let check = OperandCheck(operands: operands, shape: shape)
    switch self {
    case .picture(let picture):
      try check.count(0)
      return [
        .picture(channels: picture.channels, height: picture.height, width: picture.width)
      ]
    case .convolution(let convolution): return [try check.convolution(convolution)]
    case .batchNorm(let norm):
      try check.count(1)
      let (channels, _, _) = try check.map(0)
      for id in [norm.weight, norm.bias, norm.mean, norm.variance] {
        try check.constant(id, is: [channels])
      }
      return operands
    case .activation, .scale:
      try check.count(1)
      return operands
    case .flatten:
      try check.count(1)
      let (channels, height, width) = try check.map(0)
      return [.rows(count: height * width, width: channels)]
    case .prepend(let prepend):
      try check.count(1)
      let (count, width) = try check.rows(0)
      let front = shape(prepend.rows)
      try check.that(
        front.rank == 2 && front[1] == width, "rows [P, \(width)], found \(front)")
      return [.rows(count: front[0] + count, width: width)]
    case .concatenate:
      var total = 0
      try check.that((1...8).contains(operands.count), "1 to 8 operands, found \(operands.count)")
      let width = try check.rows(0).width
      for index in operands.indices {
        let (count, found) = try check.rows(index)
        try check.that(found == width, "rows of width \(width), found \(found)")
        total += count
      }
      return [.rows(count: total, width: width)]
    case .addTable(let add):
      try check.count(1)
      let (count, width) = try check.rows(0)
      try check.constant(add.table, is: [count, width])
      return operands
    case .layerNorm(let norm):
      try check.count(1)
      try check.norm(norm, width: try check.rows(0).width)
      return operands
    case .linear(let linear): return [try check.linear(linear)]
    case .attention(let attention): return try check.attention(attention)
    case .add, .combine, .multiplyAdd:
      if case .multiplyAdd = self { try check.count(3) } else { try check.count(2) }
      try check.that(
        operands.allSatisfy { $0 == operands[0] }, "operands of one shape, found \(operands)")
      return [operands[0]]
    case .scaleColumns(let scale):
      try check.count(1)
      try check.constant(scale.factors, is: [try check.rows(0).width])
      return operands
    case .slice(let slice):
      try check.count(1)
      let (count, width) = try check.rows(0)
      try check.that(
        slice.first >= 0 && slice.count > 0 && slice.first <= count - slice.count,
        "a range of \(count) rows, found \(slice.first) + \(slice.count)")
      return [.rows(count: slice.count, width: width)]
    case .columnMax:
      try check.count(1)
      return [.rows(count: 1, width: try check.rows(0).width)]
    case .unitSizes(let tokens):
      try check.count(0)
      return [.rows(count: 1, width: tokens.count)]
    case .patchIndices(let tokens):
      try check.count(0)
      return [.indices(count: tokens.count)]
    case .select(let select): return try check.select(select)
    case .reduce(let reduce): return try check.reduce(reduce)
    case .match(let match): return try check.match(match)
    case .halve:
      try check.count(1)
      guard case .picture(let channels, let height, let width) = operands[0],
        height % 2 == 0, width % 2 == 0
      else { throw OperandMismatch("a picture of even extents, found \(operands[0])") }
      return [.picture(channels: channels, height: height / 2, width: width / 2)]
    case .gridDown(let grid):
      let width = try check.grid(grid, countedAs: grid.height, grid.width)
      try check.that(
        grid.height % 2 == 0 && grid.width % 2 == 0,
        "an even grid, found \(grid.height) x \(grid.width)")
      if let norm = grid.norm { try check.norm(norm, width: width) }
      return [.rows(count: grid.prefix + grid.height / 2 * (grid.width / 2), width: width)]
    case .gridUp(let grid):
      let width = try check.grid(grid, countedAs: grid.height, grid.width)
      let count = grid.prefix + grid.height * 2 * (grid.width * 2)
      if grid.hasResidual { try check.rows(1, are: count, width) }
      return [.rows(count: count, width: width)]
    case .depthwise(let depthwise):
      let width = try check.grid(
        Grid(prefix: 0, height: depthwise.height, width: depthwise.width),
        countedAs: depthwise.height, depthwise.width)
      try check.that(
        (1...63).contains(depthwise.kernel) && (1...63).contains(depthwise.dilation)
          && depthwise.dilation * (depthwise.kernel - 1) % 2 == 0
          && depthwise.padding == depthwise.dilation * (depthwise.kernel - 1) / 2,
        "a kernel whose padding keeps the grid, found \(depthwise)")
      try check.constant(
        depthwise.weight, is: [width, 1, depthwise.kernel, depthwise.kernel])
      try check.constant(depthwise.bias, is: [width])
      return operands
    }
  }
}

/// The questions that inference asks about a node's operands.
struct OperandCheck {
  let operands: [ValueType]
  let shape: (ConstantID) -> Shape

  func that(_ condition: Bool, _ expected: @autoclosure () -> String) throws {
    guard condition else { throw OperandMismatch("expected " + expected()) }
  }

  func count(_ expected: Int) throws {
    try that(operands.count == expected, "\(expected) operands, found \(operands.count)")
  }

  func rows(_ index: Int) throws -> (count: Int, width: Int) {
    guard case .rows(let count, let width) = operands[index] else {
      throw OperandMismatch("expected rows as operand \(index), found \(operands[index])")
    }
    return (count, width)
  }

  func rows(_ index: Int, are count: Int, _ width: Int) throws {
    let expected = ValueType.rows(count: count, width: width)
    try that(
      operands[index] == expected, "\(expected) as operand \(index), found \(operands[index])")
  }

  func indices(_ index: Int) throws -> Int {
    guard case .indices(let count) = operands[index] else {
      throw OperandMismatch("expected indices as operand \(index), found \(operands[index])")
    }
    return count
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

  func grid(_ grid: Grid, countedAs height: Int, _ width: Int) throws -> Int {
    try self.count(grid.hasResidual ? 2 : 1)
    let found = try rows(0)
    try that(
      (0...2).contains(grid.prefix) && (1...4096).contains(height) && (1...4096).contains(width)
        && found.count == grid.prefix + height * width,
      "\(grid.prefix) + \(height) x \(width) tokens, found \(found.count)")
    return found.width
  }
}
