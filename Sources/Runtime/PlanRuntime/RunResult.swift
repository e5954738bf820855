package import ModelFacts
package import PlanFormat
internal import Tensors

/// What a run left in the arena; valid during ``Session/run(images:fill:read:)`` only.
public struct RunResult: ~Copyable {
  private let program: Program
  private let patches: Int
  private let arena: UnsafeRawPointer
  private let kept: UnsafeRawBufferPointer
  private let images: Int
  private let groups: ImageGroups
  private let countedWork: CountedWork
  private let prefix: Int

  init(
    program: Program, patches: Int, arena: UnsafeRawPointer, kept: UnsafeRawBufferPointer,
    images: Int, groups: ImageGroups, countedWork: CountedWork, prefix: Int
  ) {
    self.kept = kept
    (self.countedWork, self.prefix) = (countedWork, prefix)
    self.program = program
    self.patches = patches
    self.arena = arena
    self.images = images
    self.groups = groups
  }

  /// The logits of one image, `[classes]`.
  /// - Throws: `InputError` if the batch has no such image, or the model no classifier.
  public func logits(image: Int) throws -> [Float] {
    try output(.logits, image: image)
  }

  /// The pooled embedding of one image, `[plan.featureCount]`.
  /// - Throws: `InputError` if the batch has no such image, or the model no embedding.
  public func features(image: Int) throws -> [Float] {
    try output(.features, image: image)
  }

  /// What each stage of token reduction did to one image, in order of blocks; empty for a plan without any.
  /// - Throws: `InputError` if the batch has no such image.
  public func tokenStages(image: Int) throws -> [TokenStage] {
    let traces = try stages(image: image)
    return zip(traces, TokenOwners.follow(traces, patches: patches)).map {
      TokenStage(
        block: $0.record.block + 1, owners: $1.owners, fused: $1.fused, waiting: $1.waiting)
    }
  }

  /// What one image took; nil for a plan by which all images have as many tokens.
  /// - Throws: `InputError` if the batch has no such image.
  public func work(image: Int) throws -> ImageWork? {
    guard !countedWork.isEmpty else { return nil }
    return ImageWork(
      tokens: try program.stages.map { stage in
        let unused = try program.buffers[stage.kept].unused.map {
          try count($0.buffer, image: image)
        }
        return prefix + stage.patchesOut - (unused ?? 0)
      },
      multiplyAdds: try countedWork.multiplyAdds { try count($0, image: image) })
  }

  /// A result of one image, row after row; of tokens those that the image has.
  /// - Throws: `InputError` if the batch has no such image, or the model no such result.
  package func output(_ role: OutputRole, image: Int) throws -> [Float] {
    guard let rows = program.output(role) else {
      throw InputError(
        file: "result", field: "outputs", expected: role.word,
        found: program.outputs.map(\.role.word).joined(separator: ", "))
    }
    let width = program.buffers[rows.buffer].columns
    let all = try values(rows.buffer, image: image, as: Float.self)
    let unused = try program.unusedRows(of: rows).map { try count($0, image: image) } ?? 0
    return Array(all[rows.first * width..<(rows.first + rows.count - unused) * width])
  }

  /// Copies what lay behind the steps that the session shares with another program, of some images one after the other.
  /// - Parameter rows: has room for just these.
  /// - Throws: `InputError` if the batch has no such image.
  package func copyKeptRows(
    of someImages: [Int], to rows: UnsafeMutableBufferPointer<Float>
  ) throws {
    let bytes = kept.count / images
    precondition(rows.count * MemoryLayout<Float>.stride == bytes * someImages.count)
    var target = UnsafeMutableRawBufferPointer(rows)
    for image in someImages {
      try requireImage(image)
      target.copyMemory(
        from: UnsafeRawBufferPointer(rebasing: kept[image * bytes..<(image + 1) * bytes]))
      target = UnsafeMutableRawBufferPointer(rebasing: target[bytes...])
    }
  }

  /// What each stage of token reduction did to one image, in order of blocks.
  package func stages(image: Int) throws -> [StageTrace] {
    try program.stages.map { stage in
      StageTrace(
        record: stage, appendsRow: stage.patchesOut > program.buffers[stage.kept].columns,
        waits: program.restoresTokens, kept: try indices(stage.kept, image: image),
        destination: try indices(stage.destination, image: image))
    }
  }

  /// The indices of those tokens that an image has.
  private func indices(_ buffer: Int, image: Int) throws -> [Int32] {
    let unused = try program.buffers[buffer].unused.map { try count($0.buffer, image: image) }
    return try values(buffer, image: image, as: Int32.self).dropLast(unused ?? 0)
  }

  private func count(_ buffer: Int, image: Int) throws -> Int {
    try values(buffer, image: image, as: Int32.self).first.map { Int($0) } ?? 0
  }

  private func requireImage(_ image: Int) throws {
    guard (0..<images).contains(image) else {
      throw InputError(
        .invalidOption, file: "result", field: "image", expected: "0 to \(images - 1)",
        found: "\(image)")
    }
  }

  private func values<T>(_ buffer: Int, image: Int, as type: T.Type) throws -> [T] {
    try requireImage(image)
    let record = program.buffers[buffer]
    let count = record.rows * record.columns
    let group = groups.group(of: image)
    let base = arena + group.lowerBound * program.arenaBytes + record.offset * group.count
    let first = base.assumingMemoryBound(to: T.self) + (image - group.lowerBound) * count
    return Array(UnsafeBufferPointer(start: first, count: count))
  }
}

/// What one stage of token reduction did to one image.
package struct StageTrace: Sendable {
  /// The stage.
  package let record: StageRecord

  /// Whether the tokens that are not kept became one more row.
  package let appendsRow: Bool

  /// Whether the tokens that are not kept wait as they are, and are there again behind a later block.
  package let waits: Bool

  /// The old patch position behind each new one that this image has; a fused token is not among them.
  package let kept: [Int32]

  /// The new patch position of each old one that this image has, -1 for a token that left.
  package let destination: [Int32]
}
