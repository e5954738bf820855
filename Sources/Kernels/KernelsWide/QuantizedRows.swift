package import KernelInterface

extension WideKernels {
  package static func quantizeRows(
    _ arguments: QuantizedLinearArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    let a = arguments.product
    let (width, stride) = (a.inputWidth, arguments.rowStride)
    let prepared = scratch.assumingMemoryBound(to: Float.self)
    let preparedStride = a.scratchStride
    a.unused.forEachRun(in: arguments.rowSplit.rows(item), rows: a.rows) { range in
      var first = range.lowerBound
      while first < range.upperBound {
        let count = min(rowsTogether, range.upperBound &- first)
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
        if case .rows(_, let norm?) = arguments.source {
          normalize(
            count, { inputs[$0] }, into: { prepared + $0 &* preparedStride }, width: width, norm)
          for r in 0..<count { inputs[r] = UnsafePointer(prepared + r &* preparedStride) }
        }
        for r in 0..<count {
          quantizeRow(
            inputs[r], width, into: arguments.bytes + (first &+ r) &* stride,
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
private func quantizeRow(
  _ row: UnsafePointer<Float>, _ width: Int, into bytes: UnsafeMutablePointer<UInt8>,
  _ terms: UnsafeMutablePointer<Float>
) {
  let (low, range) = ends(row, width)
  var scale = range * (1 / 255)
  if scale < Float.leastNormalMagnitude { scale = 1 }
  terms[0] = scale
  terms[1] = low
  let (start, inverse) = (splat(low), splat(1 / scale))
  // Adding 1.5 * 2^23 rounds to the nearest integer, kept in the low bits.
  let shift = splat(12_582_912)
  var i = 0
  while i &+ lanes <= width {
    let shifted = (load(row, i) - start) * inverse + shift
    storeBytes(unsafeBitCast(shifted, to: Lanes.self), bytes + i)
    i &+= lanes
  }
  while i < width {
    let shifted = (row[i] - low) * (1 / scale) + 12_582_912
    bytes[i] = UInt8(truncatingIfNeeded: shifted.bitPattern)
    i &+= 1
  }
}

/// The least number of a row, and how far above it the largest is; both NaN where a number, or that distance, is
/// not finite.
@inline(__always)
private func ends(_ row: UnsafePointer<Float>, _ width: Int) -> (low: Float, range: Float) {
  var (low, high) = (splat(row[0]), splat(row[0]))
  // Stays zero as long as numbers are finite.
  var zeros = Vector()
  var i = 0
  while i &+ lanes <= width {
    let x = load(row, i)
    low = minimum(x, low)
    high = maximum(x, high)
    zeros.addProduct(x, splat(0))
    i &+= lanes
  }
  var (least, most, zero) = (low[0], high[0], total(zeros))
  for lane in 1..<lanes {
    least = low[lane] < least ? low[lane] : least
    most = high[lane] > most ? high[lane] : most
  }
  while i < width {
    least = row[i] < least ? row[i] : least
    most = row[i] > most ? row[i] : most
    zero += row[i] * 0
    i &+= 1
  }
  let range = most - least
  guard zero == 0, range.isFinite else { return (.nan, .nan) }
  // One zero for both, whichever came first.
  return (least + 0, range)
}
