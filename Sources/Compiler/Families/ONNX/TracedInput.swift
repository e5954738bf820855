internal import Checkpoints
internal import ModelFacts
internal import Tensors

/// The one input of a graph: a batch of images.
struct TracedInput {
  let name: String

  /// The number of images that the file is made for, or where it is left open, 2: what computes across
  /// images shows then.
  let batch: Int

  /// Whether the file leaves the number of images open.
  let hasOpenBatch: Bool
  let channels: Int
  let height: Int
  let width: Int

  /// It holds samples from 0 to 255 as integers.
  let isBytes: Bool

  /// Channels are the last axis.
  let isChannelsLast: Bool

  /// - Parameter imageSize: the extents where the file leaves them open.
  init(_ graph: ONNXGraph, imageSize: (height: Int, width: Int)?) throws {
    guard graph.inputs.count == 1, let input = graph.inputs.first, let stated = input.extents,
      stated.count == 4
    else {
      throw InputError(
        file: graph.file, field: "graph inputs",
        expected: "one image [batch, channels, height, width]",
        found: graph.inputs.map { "\($0.name) of \($0.extents?.count ?? 0) axes" }
          .joined(separator: ", "))
    }
    name = input.name
    let shape = "[" + stated.map(Self.word).joined(separator: ", ") + "]"
    func fail(_ expected: String) -> InputError {
      InputError(
        file: graph.file, field: "input \(input.name)", expected: expected, found: shape)
    }
    guard let dtype = input.dtype, dtype.isFloatingPoint || dtype == .uint8 else {
      throw InputError(
        file: graph.file, field: "input \(input.name)", expected: "floats or uint8",
        found: input.dtype?.rawValue ?? "another type")
    }
    isBytes = dtype == .uint8
    isChannelsLast = stated[3] == .fixed(3) && stated[1] != .fixed(3)
    let sides = isChannelsLast ? [1, 2] : [2, 3]
    func extent(_ axis: Int, _ open: Int?) throws -> Int {
      if case .fixed(let known) = stated[axis] { return known }
      guard let open else {
        throw InputError(
          .missingValue, file: graph.file, field: "input \(input.name)",
          expected: "a fixed height and width, or \(option: .imageSize) or a config.json that "
            + "tells them", found: "\(shape)")
      }
      return open
    }
    batch = try extent(0, 2)
    if case .fixed = stated[0] { hasOpenBatch = false } else { hasOpenBatch = true }
    height = try extent(sides[0], imageSize?.height)
    width = try extent(sides[1], imageSize?.width)
    channels = try extent(isChannelsLast ? 3 : 1, 3)
    guard PreprocessFacts.channelCounts.contains(channels),
      (1...Self.largestBatch).contains(batch),
      [height, width].allSatisfy({ (1...8192).contains($0) })
    else {
      throw fail(
        "[batch, channels, height, width] with 1 to \(PreprocessFacts.channelCounts.upperBound) "
          + "channels, sides up to 8192 and a batch of 1 to \(Self.largestBatch)")
    }
  }

  private static let largestBatch = 65536

  /// The batch in words.
  var batchWords: String { hasOpenBatch ? "an open batch" : "the batch of \(batch)" }

  /// The image, term of `[1, channels, height, width]`, as the file sees it.
  func view(of image: TermView) throws -> TermView {
    var layout = image.layout
    if isChannelsLast { layout = layout.transposed([0, 2, 3, 1]) }
    if batch > 1 {
      let axis = Layout.Batch(dimension: 0, outer: 1, inner: 1, count: batch)
      layout = layout.repeated(axis) ?? layout
    }
    return TermView(term: image.term, layout: layout)
  }

  private static func word(_ extent: ONNXValue.Extent) -> String {
    switch extent {
    case .fixed(let number): "\(number)"
    case .named(let name): name
    case .unknown: "?"
    }
  }
}
