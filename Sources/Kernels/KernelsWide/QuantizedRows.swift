package import KernelInterface

extension WideKernels {
  package static func quantizeRows(
    _ arguments: QuantizedLinearArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    let a = arguments.product
    let (width, stride) = (a.inputWidth, arguments.rowStride)
    let prepared = scratch.assumingMemoryBound(to: Float.self)
    let preparedStride = a.scratchStride
    // Without a norm a row is read twice at once, while it is near.
    let together = if case .rows(_, nil) = arguments.source { 1 } else { rowsTogether }
    a.unused.forEachRun(in: arguments.rowSplit.rows(item), rows: a.rows) { range in
      var first = range.lowerBound
      while first < range.upperBound {
        let count = min(together, range.upperBound &- first)
        var inputs = InlineArray<4, UnsafePointer<Float>>(repeating: UnsafePointer(prepared))
        for r in 0..<count {
          let image = (first &+ r) / a.rows
          let row = first &+ r &- image &* a.rows
          switch arguments.source {
          case .rows(let rows, _): inputs[r] = rows.pointer(image: image, row: row)
          case .patches(let patches):
            inputs[r] = UnsafePointer(prepared + r &* preparedStride)
            copyPatch(patches, image: image, row, into: prepared + r &* preparedStride)
          }
        }
        var ends = InlineArray<4, RowEnds>(repeating: RowEnds())
        if case .rows(_, let norm?) = arguments.source {
          let moments = RowMoments(count, { inputs[$0] }, width: width, norm)
          for r in 0..<count {
            let row = prepared + r &* preparedStride
            var seen = Extremes()
            moments.normalizeRow(r, inputs[r], into: row, width: width, norm) { seen.include($0) }
            ends[r] = RowEnds(seen, row, width)
            inputs[r] = UnsafePointer(row)
          }
        } else {
          for r in 0..<count { ends[r] = RowEnds(of: inputs[r], width) }
        }
        for r in 0..<count {
          quantizeRow(
            inputs[r], width, ends[r], into: arguments.bytes + (first &+ r) &* stride,
            arguments.terms + 2 &* (first &+ r))
        }
        first &+= count
      }
    }
  }
}

/// Writes a patch as a row, `[channels][height][width]`.
private func copyPatch(
  _ patches: Patches, image: Int, _ patch: Int, into row: UnsafeMutablePointer<Float>
) {
  var (from, to) = (patches.pointer(image: image, patch: patch), row)
  for _ in 0..<patches.channels {
    for line in 0..<patches.extents.height {
      copy(from + line &* patches.width, to, patches.extents.width)
      to += patches.extents.width
    }
    from += patches.height &* patches.width
  }
}

/// Quantizes a row; see ``QuantizedLinearArguments``. `bytes` has room for whole vectors.
@inline(__always)
private func quantizeRow(
  _ row: UnsafePointer<Float>, _ width: Int, _ ends: RowEnds,
  into bytes: UnsafeMutablePointer<UInt8>, _ terms: UnsafeMutablePointer<Float>
) {
  var scale = ends.range * (1 / 255)
  if scale < Float.leastNormalMagnitude { scale = 1 }
  let (low, inverse) = (ends.low, 1 / scale)
  // Adding 1.5 * 2^23 rounds to the nearest integer, kept in the low bits.
  let shift: Float = 12_582_912
  // Of all numbers the bits that any has.
  var bits = Lanes()
  var i = 0
  while i &+ lanes <= width {
    let shifted = (load(row, i) - splat(low)) * splat(inverse) + splat(shift)
    let integers = unsafeBitCast(shifted, to: Lanes.self)
    storeBytes(integers, bytes + i)
    bits |= integers
    i &+= lanes
  }
  let eight = bits.lowHalf | bits.highHalf
  let four = eight.lowHalf | eight.highHalf
  var all = (four.x | four.y) | (four.z | four.w)
  while i < width {
    let integer = ((row[i] - low) * inverse + shift).bitPattern
    bytes[i] = UInt8(truncatingIfNeeded: integer)
    all |= Int32(truncatingIfNeeded: integer)
    i &+= 1
  }
  // A number that is none is no sum of the shift and a byte.
  let isFinite = (UInt32(truncatingIfNeeded: all) ^ shift.bitPattern) <= 255
  terms[0] = isFinite ? scale : .nan
  terms[1] = isFinite ? low : .nan
}

/// The least and the largest numbers of some lanes, infinite as long as there are none.
private struct Extremes {
  var low = splat(.infinity)
  var high = splat(-.infinity)

  /// Passes over what is no number.
  @inline(__always)
  mutating func include(_ x: Vector) {
    low = minimum(x, low)
    high = maximum(x, high)
  }
}

/// The least number of a row, and how far above it the largest is, as far as they are numbers; both NaN where that
/// distance is not finite.
private struct RowEnds {
  var low: Float = 0
  var range: Float = 0

  @inline(__always)
  init() {}

  @inline(__always)
  init(of row: UnsafePointer<Float>, _ width: Int) {
    // Two, so that one need not wait for the other.
    var (even, odd) = (Extremes(), Extremes())
    var i = 0
    while i &+ 2 &* lanes <= width {
      even.include(load(row, i))
      odd.include(load(row, i &+ lanes))
      i &+= 2 &* lanes
    }
    if i &+ lanes <= width { even.include(load(row, i)) }
    even.low = minimum(even.low, odd.low)
    even.high = maximum(even.high, odd.high)
    self.init(even, row, width)
  }

  /// Of a row whose whole vectors are included already.
  @inline(__always)
  init(_ extremes: Extremes, _ row: UnsafePointer<Float>, _ width: Int) {
    var (least, most) = (lowest(extremes.low), highest(extremes.high))
    for i in width / lanes &* lanes..<width {
      least = row[i] < least ? row[i] : least
      most = row[i] > most ? row[i] : most
    }
    let distance = most - least
    range = distance.isFinite ? distance : .nan
    // One zero for both, whichever came first.
    low = distance.isFinite ? least + 0 : .nan
  }
}
