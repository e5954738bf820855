extension OperandCheck {
  func convolution(_ convolution: Convolution) throws -> ValueType {
    try count(1)
    let (channels, height, width): (Int, Int, Int)
    switch operands[0] {
    case .picture(let c, let h, let w), .map(let c, let h, let w):
      (channels, height, width) = (c, h, w)
    default: throw OperandMismatch("expected a picture or a map, found \(operands[0])")
    }
    let kernelHeight = convolution.kernelHeight
    let kernelWidth = convolution.kernelWidth
    let padding = convolution.padding
    try that(
      (1...1024).contains(kernelHeight) && (1...1024).contains(kernelWidth)
        && (1...1024).contains(convolution.stride) && (0..<1024).contains(padding),
      "a kernel, stride and padding up to 1024, found \(convolution)")
    try that(
      height + 2 * padding >= kernelHeight && width + 2 * padding >= kernelWidth,
      "an operand no smaller than the kernel, found \(operands[0])")
    try constant(
      convolution.weight, is: [convolution.outputs, channels, kernelHeight, kernelWidth])
    if let bias = convolution.bias { try constant(bias, is: [convolution.outputs]) }
    let outHeight = (height + 2 * padding - kernelHeight) / convolution.stride + 1
    let outWidth = (width + 2 * padding - kernelWidth) / convolution.stride + 1
    if let table = convolution.table {
      try constant(table, is: [outHeight * outWidth, convolution.outputs])
    }
    return .map(channels: convolution.outputs, height: outHeight, width: outWidth)
  }

  func linear(_ linear: Linear) throws -> ValueType {
    try count(linear.hasResidual ? 2 : 1)
    let (rowCount, width) = try rows(0)
    let weight = shape(linear.weight)
    try that(
      weight.rank == 2 && weight[1] == width, "a weight [out, \(width)], found \(weight)")
    if let bias = linear.bias { try constant(bias, is: [weight[0]]) }
    if let norm = linear.norm { try self.norm(norm, width: width) }
    if linear.hasResidual { try rows(1, are: rowCount, weight[0]) }
    return .rows(count: rowCount, width: weight[0])
  }

  func attention(_ attention: Attention) throws -> [ValueType] {
    try count(attention.isSizeAware ? 2 : 1)
    let (tokens, width) = try rows(0)
    let (heads, headWidth) = (attention.heads, attention.headWidth)
    try that(
      (1...1024).contains(heads) && (1...4096).contains(headWidth)
        && width == 3 * heads * headWidth,
      "3 x \(heads) x \(headWidth) columns, found \(width)")
    try that(attention.scale.isFinite, "a finite scale, found \(attention.scale)")
    if attention.isSizeAware { try rows(1, are: 1, tokens) }
    try that(
      (0...tokens).contains(attention.queries)
        && (attention.queries == 0 || !attention.keepsProbabilities),
      "at most \(tokens) queries, and all of them for all softmax rows, found \(attention.queries)")
    let queries = attention.queries == 0 ? tokens : attention.queries
    var results = [ValueType.rows(count: queries, width: heads * headWidth)]
    if attention.keepsClassRows { results.append(.rows(count: heads, width: tokens)) }
    if attention.keepsProbabilities {
      results.append(.rows(count: heads * tokens, width: tokens))
    }
    return results
  }

  func select(_ select: Select) throws -> [ValueType] {
    try count(1)
    let (_, tokens) = try rows(0)
    try that((1...2).contains(select.prefix), "1 or 2 prefix tokens, found \(select.prefix)")
    let patches = tokens - select.prefix
    try that(
      select.keep >= 1 && select.keep < patches,
      "to keep fewer than \(patches) tokens and at least 1, found \(select.keep)")
    return [
      .indices(count: select.keep), .indices(count: patches - select.keep),
      .rows(count: 1, width: patches),
    ]
  }

  func reduce(_ reduce: Reduce) throws -> [ValueType] {
    let merges = reduce.strategy == .merge
    let needsProbabilities = merges && reduce.similarity == .attention
    try count(
      4 + (reduce.carriesSizes ? 1 : 0) + (needsProbabilities ? 1 : 0)
        + (reduce.carriesPatchIndices ? 1 : 0))
    try that(reduce.strategy != .tome, "merge, fuse or drop, found tome")
    let (tokens, width) = try rows(0)
    let kept = try indices(1)
    let dropped = try indices(2)
    try that((1...2).contains(reduce.prefix), "1 or 2 prefix tokens, found \(reduce.prefix)")
    let patches = tokens - reduce.prefix
    try that(
      kept + dropped == patches, "indices of \(patches) patch tokens, found \(kept) + \(dropped)")
    try rows(3, are: 1, patches)
    var next = 4
    if reduce.carriesSizes {
      try rows(next, are: 1, tokens)
      next += 1
    }
    if needsProbabilities {
      let (rowCount, columns) = try rows(next)
      try that(
        columns == tokens && rowCount % tokens == 0,
        "softmax rows of \(tokens) tokens, found \(operands[next])")
      next += 1
    }
    if reduce.carriesPatchIndices {
      try that(try indices(next) == patches, "\(patches) patch indices, found \(operands[next])")
    }
    let left = reduce.prefix + kept + (reduce.strategy == .fuse ? 1 : 0)
    var results = [ValueType.rows(count: left, width: width)]
    if merges { results.append(.indices(count: dropped)) }
    if reduce.carriesSizes { results.append(.rows(count: 1, width: left)) }
    if reduce.carriesPatchIndices { results.append(.indices(count: left - reduce.prefix)) }
    return results
  }

  func match(_ match: Match) throws -> [ValueType] {
    try count(3)
    let (tokens, width) = try rows(0)
    try that((1...2).contains(match.prefix), "1 or 2 prefix tokens, found \(match.prefix)")
    let patches = tokens - match.prefix
    try that(
      match.keep < patches && match.keep >= patches - patches / 2,
      "to merge at most \(patches / 2) of \(patches) tokens, found to keep \(match.keep)")
    try that(
      (1...1024).contains(match.heads) && (1...4096).contains(match.headWidth),
      "heads and their width, found \(match)")
    try rows(1, are: tokens, 3 * match.heads * match.headWidth)
    try rows(2, are: 1, tokens)
    return [
      .rows(count: match.prefix + match.keep, width: width),
      .rows(count: 1, width: match.prefix + match.keep),
      .indices(count: patches),
    ]
  }
}
