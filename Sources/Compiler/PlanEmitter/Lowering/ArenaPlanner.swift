internal import PlanFormat

/// Gives every buffer a place in one arena such that buffers in use at the same time are apart.
///
/// Greedy by size: larger buffers are placed first, each at the lowest offset that is free during
/// its lifetime. Offsets are multiples of 64 bytes.
enum ArenaPlanner {
  /// Assigns offsets and the arena's size.
  static func place(_ program: inout Program) {
    let lifetimes = program.lifetimes()
    let order = program.buffers.indices
      .filter { $0 != program.input && lifetimes[$0] != nil }
      .sorted {
        let (first, second) = (program.buffers[$0].byteCount, program.buffers[$1].byteCount)
        return first == second ? $0 < $1 : first > second
      }
    var placed: [(range: Range<Int>, lifetime: ClosedRange<Int>)] = []
    var end = 0
    for index in order {
      guard let lifetime = lifetimes[index] else { continue }
      let size = (program.buffers[index].byteCount + 63) / 64 * 64
      let busy = placed.filter { $0.lifetime.overlaps(lifetime) }
        .map(\.range).sorted { $0.lowerBound < $1.lowerBound }
      var offset = 0
      for range in busy {
        if offset + size <= range.lowerBound { break }
        offset = max(offset, range.upperBound)
      }
      program.buffers[index].offset = offset
      placed.append((offset..<offset + size, lifetime))
      end = max(end, offset + size)
    }
    program.arenaBytes = end
  }
}
