package import ModelFacts
package import PlanFormat
internal import Tensors

/// What a run left in the arena; valid during ``Session/run(pictures:fill:read:)`` only.
public struct RunResult: ~Copyable {
  private let program: Program
  private let arena: UnsafeRawPointer
  private let pictures: Int

  init(program: Program, arena: UnsafeRawPointer, pictures: Int) {
    self.program = program
    self.arena = arena
    self.pictures = pictures
  }

  /// The logits of one picture, `[classes]`.
  /// - Throws: `InputError` if the batch has no such picture, or the model no classifier.
  public func logits(picture: Int) throws -> [Float] {
    try output(.logits, picture: picture)
  }

  /// A result of one picture, row after row; of tokens those that the picture has.
  /// - Throws: `InputError` if the batch has no such picture, or the model no such result.
  package func output(_ role: OutputRole, picture: Int) throws -> [Float] {
    guard let rows = program.output(role) else {
      throw InputError(
        file: "result", field: "outputs", expected: role.word,
        found: program.outputs.map(\.role.word).joined(separator: ", "))
    }
    let width = program.buffers[rows.buffer].columns
    let all = try values(rows.buffer, picture: picture, as: Float.self)
    let unused = try program.unusedRows(of: rows).map { try count($0, picture: picture) } ?? 0
    return Array(all[rows.first * width..<(rows.first + rows.count - unused) * width])
  }

  /// What each stage of token reduction did to one picture, in order of blocks.
  package func stages(picture: Int) throws -> [StageTrace] {
    try program.stages.map { stage in
      StageTrace(
        record: stage, kept: try indices(stage.kept, picture: picture),
        destination: try indices(stage.destination, picture: picture))
    }
  }

  /// The indices of those tokens that a picture has.
  private func indices(_ buffer: Int, picture: Int) throws -> [Int32] {
    let unused = try program.buffers[buffer].unused.map { try count($0.buffer, picture: picture) }
    return try values(buffer, picture: picture, as: Int32.self).dropLast(unused ?? 0)
  }

  private func count(_ buffer: Int, picture: Int) throws -> Int {
    try values(buffer, picture: picture, as: Int32.self).first.map { Int($0) } ?? 0
  }

  private func values<T>(_ buffer: Int, picture: Int, as type: T.Type) throws -> [T] {
    guard (0..<pictures).contains(picture) else {
      throw InputError(
        .invalidOption, file: "result", field: "picture", expected: "0 to \(pictures - 1)",
        found: "\(picture)")
    }
    let record = program.buffers[buffer]
    let count = record.rows * record.columns
    let base = (arena + record.offset * pictures).assumingMemoryBound(to: T.self)
    return Array(UnsafeBufferPointer(start: base + picture * count, count: count))
  }
}

/// What one stage of token reduction did to one picture.
package struct StageTrace: Sendable {
  /// The stage.
  package let record: StageRecord

  /// The old patch position behind each new one that this picture has; a fused token is not among them.
  package let kept: [Int32]

  /// The new patch position of each old one that this picture has, -1 for a token that left.
  package let destination: [Int32]
}
