internal import ModelFacts
internal import Tensors

extension ModelFacts {
  /// Throws unless the facts fit the program that they stand beside.
  func verify(program: Program, labels: Labels, file: String) throws {
    func require(_ condition: Bool, _ field: String, _ expected: String, _ found: String) throws {
      guard condition else {
        throw InputError(file: file, field: "facts, \(field)", expected: expected, found: found)
      }
    }
    try preprocess.verify(file: file)
    let input = program.buffers[program.input]
    let channels = preprocess.channels
    try require(
      (1...65536).contains(imageHeight) && (1...65536).contains(imageWidth)
        && input.rows == channels * imageHeight && input.columns == imageWidth,
      "image size", "an image of \(input.rows) rows of all channels x \(input.columns)",
      "\(channels) x \(imageHeight) x \(imageWidth)")
    let logits = program.output(.logits).map { program.buffers[$0.buffer].columns } ?? 0
    try require(classes == logits, "classes", "\(logits), as many as logits", "\(classes)")
    try require(
      labels.names.isEmpty || labels.names.count == classes, "labels", "\(classes) or none",
      "\(labels.names.count)")
    let side = otherPatchWidth == nil ? min(imageHeight, imageWidth) : imageHeight
    try require((1...side).contains(patchSize), "patch size", "1 to \(side)", "\(patchSize)")
    if let otherPatchWidth {
      try require(
        (1...imageWidth).contains(otherPatchWidth) && otherPatchWidth != patchSize, "patch width",
        "1 to \(imageWidth), another than the height \(patchSize)", "\(otherPatchWidth)")
    }
    for (field, value, range) in [
      ("prefix tokens", prefixTokens, 0...16), ("depth", depth, 1...4096),
      ("embedding", embedDim, 1...65536),
    ] {
      try require(
        range.contains(value), field, "\(range.lowerBound) to \(range.upperBound)", "\(value)")
    }
    var next = 0
    for (index, stage) in program.stages.enumerated() {
      guard (next..<max(next, depth)).contains(stage.block) else {
        throw InputError(
          file: file, field: "program, stage \(index), block", expected: "\(next) to \(depth - 1)",
          found: "\(stage.block)")
      }
      next = stage.block + 1
    }
    if let first = program.stages.first {
      try require(
        gridHeight * gridWidth == first.patchesIn, "patch size",
        "a grid of \(first.patchesIn) patches, as the first stage gets",
        "\(gridHeight) x \(gridWidth)")
    }
    if let text = details.textComparison {
      for (field, value, holds) in [
        ("scale", text.scale, text.scale.isFinite && text.scale > 0),
        ("bias", text.bias, text.bias.isFinite && (text.isSigmoid || text.bias == 0)),
      ] where !holds {
        throw InputError(
          file: file, field: "details, \(field)",
          expected: field == "scale" ? "a positive number" : "a finite number, 0 without sigmoid",
          found: "\(value)")
      }
    }
  }
}
