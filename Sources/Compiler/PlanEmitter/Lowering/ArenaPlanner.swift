internal import PlanFormat

/// Gives every buffer a place in one arena such that buffers in use at the same time are apart.
///
/// Two ways are tried, and the second is taken where it needs less; offsets are multiples of 64 bytes.
///
/// * Larger buffers first, each at the lowest offset that is free during its lifetime.
/// * Of the large ones those of longer lifetimes first, at the lowest offset if that is 0, else at the highest below the most
///   bytes that are in use at once. Where a reduction of tokens leaves room for all of them, rows before and behind it are
///   alike and in use for many steps, and both have the FFN's beside them: they come to opposite ends.
enum ArenaPlanner {
  /// A buffer of less than this part of all that is in use at once is small.
  private static let smallShare = 16

  /// Assigns offsets and the arena's size.
  static func place(_ program: inout Program) {
    let requests = requests(of: program)
    let bySize = requests.sorted {
      $0.size == $1.size ? $0.buffer < $1.buffer : $0.size > $1.size
    }
    var best = Arena(bySize, below: nil)
    let most = mostInUse(requests)
    if best.end > most {
      let isLarge = { (request: Request) in request.size >= most / smallShare }
      let byLifetime = bySize.filter(isLarge).sorted {
        let (first, second) = ($0.lifetime.count, $1.lifetime.count)
        return first == second
          ? ($1.size, $0.buffer) < ($0.size, $1.buffer) : first > second
      }
      let other = Arena(byLifetime + bySize.filter { !isLarge($0) }, below: most)
      if other.end < best.end { best = other }
    }
    for (request, offset) in best.places { program.buffers[request.buffer].offset = offset }
    program.arenaBytes = best.end
  }

  /// A buffer that needs a place.
  private struct Request {
    let buffer: Int

    /// Bytes, a multiple of 64.
    let size: Int

    /// The steps from its first use to its last.
    let lifetime: ClosedRange<Int>
  }

  private static func requests(of program: Program) -> [Request] {
    let lifetimes = program.lifetimes()
    return program.buffers.indices.compactMap { index in
      guard index != program.input, let lifetime = lifetimes[index] else { return nil }
      let size = (program.buffers[index].byteCount + 63) / 64 * 64
      return Request(buffer: index, size: size, lifetime: lifetime)
    }
  }

  /// The most bytes that are in use in any step: no arena is smaller.
  private static func mostInUse(_ requests: [Request]) -> Int {
    requests.map { request in
      let step = request.lifetime.lowerBound
      return requests.reduce(0) { $0 + ($1.lifetime.contains(step) ? $1.size : 0) }
    }.max() ?? 0
  }

  /// Places that were given, in order.
  private struct Arena {
    private(set) var places: [(request: Request, offset: Int)] = []
    private(set) var end = 0

    /// Gives places in the order of the requests: at the lowest offset, or with a limit at the highest below it where
    /// the lowest is not 0.
    init(_ requests: [Request], below limit: Int?) {
      for request in requests {
        let busy = places.filter { $0.request.lifetime.overlaps(request.lifetime) }
          .map { $0.offset..<$0.offset + $0.request.size }
          .sorted { $0.lowerBound < $1.lowerBound }
        var offset = Self.lowest(request.size, between: busy)
        if let limit, offset > 0 {
          offset = Self.highest(request.size, between: busy, below: limit) ?? offset
        }
        places.append((request, offset))
        end = max(end, offset + request.size)
      }
    }

    private static func lowest(_ size: Int, between busy: [Range<Int>]) -> Int {
      var offset = 0
      for range in busy {
        if offset + size <= range.lowerBound { break }
        offset = max(offset, range.upperBound)
      }
      return offset
    }

    /// Nil where there is none.
    private static func highest(_ size: Int, between busy: [Range<Int>], below limit: Int) -> Int? {
      var end = limit
      for range in busy.sorted(by: { $0.upperBound > $1.upperBound }) {
        if end - size >= range.upperBound { break }
        end = min(end, range.lowerBound)
      }
      return end >= size ? end - size : nil
    }
  }
}
