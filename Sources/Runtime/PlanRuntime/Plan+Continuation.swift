internal import CLibrary
package import PlanFormat

extension Plan {
  /// How a second plan goes on from what a first one has done for an image.
  package struct Continuation: Sendable {
    /// What both do alike.
    package let shared: SharedSteps

    /// The second plan's later steps. Its input is what ``RunResult/copyKeptRows(of:to:)`` has of a session that keeps what
    /// lies behind the shared ones, in place of an image.
    package let rest: Plan
  }

  /// How `second` goes on from this plan's first steps; nil where it does other things from the start.
  ///
  /// Its program may be this file's second, or one of another file whose weights there are the same byte for byte.
  package func continuation(by second: Plan) throws -> Continuation? {
    guard second.facts.preprocess == facts.preprocess else { return nil }
    let shared = SharedSteps(
      of: second.program, behind: program, constants: second.file.constants
    ) { [file] constant in
      file === second.file || Self.isSame(constant, file, second.file)
    }
    guard let shared else { return nil }
    let rest = second.program.rest(behind: shared)
    guard rest.buffers.count <= Program.maximumCount else { return nil }
    try rest.verify(constants: second.file.constants, file: second.path)
    return Continuation(shared: shared, rest: Plan(rest, of: second.file, second.weights))
  }

  /// Whether two files have the same constant of this number.
  private static func isSame(_ index: Int, _ first: PlanFile, _ second: PlanFile) -> Bool {
    guard first.constants.indices.contains(index), second.constants.indices.contains(index) else {
      return false
    }
    let (own, other) = (first.constants[index], second.constants[index])
    guard own.shape == other.shape, own.layout == other.layout, own.element == other.element,
      own.checksum == other.checksum, own.byteCount == other.byteCount
    else { return false }
    return first.withWeights { weights in
      second.withWeights { others in
        guard let weights = weights.baseAddress, let others = others.baseAddress else {
          return false
        }
        return memcmp(weights + own.offset, others + other.offset, own.byteCount) == 0
      }
    }
  }
}
