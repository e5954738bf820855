internal import ModelFacts

/// What a second program does first and a first one has done already: of an image that both see these steps need not be
/// taken twice. The second goes on from the one buffer that its later steps read.
package struct SharedSteps: Sendable, Equatable {
  /// How many, from the first step on.
  package let count: Int

  /// What lies behind them, float32: the same buffer of both programs.
  package let buffer: Int

  /// Multiply-adds of the steps for one image.
  package let multiplyAdds: Int

  /// The last place in `second` that one buffer crosses and that `first` has come to by the same steps; nil if there is
  /// none. Of verified programs.
  /// - Parameters:
  ///   - constants: the second program's.
  ///   - isShared: whether a constant of this number is the same for both.
  package init?(
    of second: Program, behind first: Program, constants: [ConstantRecord],
    isShared: (_ constant: Int) -> Bool = { _ in true }
  ) {
    guard first.input == second.input else { return nil }
    let (own, other) = (first.lifetimes(), second.lifetimes())
    let alike = Self.count(second, other, first, own, isShared)
    // The first program too must still use the buffer, or others may lie there.
    let place = second.crossings(upTo: alike).last { count, buffer in
      own[buffer].map { $0.upperBound >= count } ?? false
        && second.fewQueries(at: count - 1, other) == nil
    }
    guard let place else { return nil }
    (count, buffer) = place
    let taken = second.steps[..<place.count].reduce(0.0) { total, record in
      let context = StepContext(
        buffers: second.buffers, constants: constants, file: "", step: 0, kind: record.step.kind)
      return total + record.step.payload.multiplyAdds(context)
    }
    multiplyAdds = Int(min(taken, 0x1p62))
  }

  /// What is left of the second program's multiply-adds, of whatever it says of itself.
  package func rest(of all: Int) -> Int { max(all, 0) - min(max(all, 0), multiplyAdds) }

  /// Steps from the first on that `first` takes as `second` does.
  private static func count(
    _ second: Program, _ lifetimes: [ClosedRange<Int>?], _ first: Program,
    _ firstLifetimes: [ClosedRange<Int>?], _ isShared: (Int) -> Bool
  ) -> Int {
    /// What the steps of both touch, and what those of `first` write beside that.
    var (touched, beside): (Set<Int>, Set<Int>) = ([], [])
    func isOneBuffer(_ index: Int) -> Bool {
      guard first.buffers.indices.contains(index) else { return false }
      var (own, other) = (first.buffers[index], second.buffers[index])
      (own.offset, other.offset) = (0, 0)
      return own == other && own.unused == nil
    }
    for (index, (other, own)) in zip(second.steps, first.steps).enumerated() {
      let payload = other.step.payload
      let buffers = payload.reads + payload.writes
      beside.formUnion(Set(own.step.payload.writes).subtracting(payload.writes))
      touched.formUnion(buffers)
      guard own.step.doesWhat(other.step), buffers.allSatisfy(isOneBuffer),
        payload.constants.allSatisfy(isShared), touched.isDisjoint(with: beside),
        // Both run in the same way, for the same bits.
        (first.fewQueries(at: index, firstLifetimes) == nil)
          == (second.fewQueries(at: index, lifetimes) == nil)
      else { return index }
    }
    return min(first.steps.count, second.steps.count)
  }
}

extension Step {
  /// Whether a step computes what another does, of the same operands and constants: attention may also write the
  /// weights by which tokens are chosen.
  fileprivate func doesWhat(_ other: Step) -> Bool {
    if self == other { return true }
    func plain(_ attention: AttentionStep, for other: AttentionStep) -> AttentionStep {
      var attention = attention
      if other.classAttention == nil { attention.classAttention = nil }
      if other.probabilities == nil { attention.probabilities = nil }
      return attention
    }
    switch (self, other) {
    case (.attention(let own), .attention(let other)):
      return plain(own, for: other) == other
    case (.quantizedAttention(let own), .quantizedAttention(let other)):
      return plain(own.attention, for: other.attention) == other.attention
    case (.biasedAttention(var own), .biasedAttention(let other)):
      own.attention = plain(own.attention, for: other.attention)
      return own == other
    default:
      return false
    }
  }
}

extension Program {
  /// The places behind 1 to `last` steps where what comes later reads one buffer of those before, of float32, and not
  /// the input image.
  fileprivate func crossings(upTo last: Int) -> [(count: Int, buffer: Int)] {
    var firstWrite = [Int?](repeating: nil, count: buffers.count)
    var lastRead = [Int?](repeating: nil, count: buffers.count)
    firstWrite[input] = -1
    for (index, record) in steps.enumerated() {
      let payload = record.step.payload
      for buffer in payload.reads { lastRead[buffer] = index }
      for buffer in payload.writes where firstWrite[buffer] == nil { firstWrite[buffer] = index }
    }
    for buffer in results { lastRead[buffer] = steps.count }
    // By place: how many buffers begin or end to cross there, and the sum of their numbers, which is the one's.
    var changes = [(buffers: Int, sum: Int)](repeating: (0, 0), count: steps.count + 2)
    for index in buffers.indices {
      guard let first = firstWrite[index], let last = lastRead[index], first < last else {
        continue
      }
      changes[first + 1].buffers += 1
      changes[first + 1].sum += index
      changes[last + 1].buffers -= 1
      changes[last + 1].sum -= index
    }
    var (crossing, sum) = (0, 0)
    var places: [(count: Int, buffer: Int)] = []
    for count in 0..<min(last + 1, steps.count) {
      crossing += changes[count].buffers
      sum += changes[count].sum
      if count > 0, crossing == 1, sum != input, buffers[sum].element == .float32 {
        places.append((count, sum))
      }
    }
    return places
  }

  /// What is left of the program behind steps that another has taken: its input is what lies there, the rows of their
  /// buffer, in place of an image.
  package func rest(behind shared: SharedSteps) -> Program {
    var rest = self
    let record = buffers[shared.buffer]
    rest.input = buffers.count
    rest.buffers[input] = BufferRecord(rows: 1, columns: 1)
    rest.buffers.append(BufferRecord(rows: record.rows, columns: record.columns, offset: -1))
    // Later steps may write where those before have left what they read.
    var copy = ElementwiseStep()
    copy.operation = .copy
    copy.a = RowsOperand(rest.input, first: 0, count: record.rows)
    copy.u = copy.a
    copy.output = RowsOperand(shared.buffer, first: 0, count: record.rows)
    rest.steps = [StepRecord(copy.step)] + steps[shared.count...]
    rest.multiplyAdds = shared.rest(of: multiplyAdds)
    rest.executedMultiplyAdds = shared.rest(of: executedMultiplyAdds)
    return rest
  }
}
