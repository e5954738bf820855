internal import CLibrary
package import KernelInterface

extension PortableKernels {
  package static func quantizedAttention(
    _ layer: QuantizedAttention, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    let a = layer.attention
    let split = a.querySplit
    let (image, h, part) = a.place(item)
    let tokens = a.unused.used(of: a.tokens, image: image)
    let head = layer.head(image: image, head: h)
    let extents = head.extents
    let panelBytes = panelWidth * Int8PanelLayout.group
    let scores = scratch.assumingMemoryBound(to: Float.self)
    let logSizes = scores + a.tokens * panelWidth
    let weights = UnsafeMutableRawPointer(logSizes + a.tokens).assumingMemoryBound(to: Int16.self)
    if let sizes = a.sizes {
      for key in 0..<tokens { logSizes[key] = log2f(sizes[image * a.tokens + key]) }
    }
    let largestWeight = QuantizedAttention.largestWeight(tokens: tokens)
    let pairs = (tokens + 1) / 2
    // What the last pair may have instead of a key.
    weights[2 * pairs - 1] = 0

    for panel in split.start(part)..<split.start(part + 1) {
      let first = panel * panelWidth
      let count = min(panelWidth, min(a.queries, tokens) - first)
      guard count > 0 else { break }
      for key in 0..<tokens {
        let sums = byteSums(
          head.keys + key * extents.width, head.queries + panel * extents.groups * panelBytes,
          groups: extents.groups)
        for q in 0..<count { scores[key * panelWidth + q] = Float(sums[q]) }
      }
      for q in 0..<count {
        let row = (image * a.heads + h) * a.tokens
        let isClass = first + q == 0
        let factor = weigh(
          scores + q, tokens, unit: head.units[first + q],
          logSizes: a.sizes == nil ? nil : logSizes, largest: Float(largestWeight), into: weights)
        let output = a.output.pointer(image: image, row: first + q) + h * a.headWidth
        for column in stride(from: 0, to: a.headWidth, by: panelWidth) {
          let sums = pairSums(
            weights, head.values + column * extents.tokenPairs * 4, pairs: pairs)
          for c in 0..<min(panelWidth, a.headWidth - column) {
            output[column + c] =
              head.valueTerms[extents.width + column + c] + Float(sums[c]) * factor
              * head.valueTerms[column + c]
          }
        }
        if isClass, let rows = a.classAttention {
          writeProbabilities(scores + q, tokens, to: rows + row)
        }
        if let rows = a.probabilities {
          writeProbabilities(scores + q, tokens, to: rows + (row + first + q) * a.tokens)
        }
      }
    }
  }
}

/// Weighs the keys of a query, whose scores lie 16 apart and become what is left of the largest.
/// - Returns: one over the sum of the weights.
private func weigh(
  _ scores: UnsafeMutablePointer<Float>, _ keys: Int, unit: Float,
  logSizes: UnsafeMutablePointer<Float>?, largest largestWeight: Float,
  into weights: UnsafeMutablePointer<Int16>
) -> Float {
  var largest = -Float.infinity
  for key in 0..<keys {
    if let logSizes {
      scores[key * panelWidth] = scores[key * panelWidth] * unit + logSizes[key]
    }
    largest = max(largest, scores[key * panelWidth])
  }
  // No number where the query or keys are none.
  let absent = unit * 0
  var sum: Int32 = 0
  for key in 0..<keys {
    let difference = (scores[key * panelWidth] - largest) * (logSizes == nil ? unit : 1)
    scores[key * panelWidth] = difference + absent
    weights[key] = Int16(power(difference, largestWeight).rounded(.toNearestOrEven))
    sum += Int32(weights[key])
  }
  return 1 / Float(sum) + absent
}

/// `largest * 2^x` for x up to 0, within 1.1e-4 of itself, `largest` itself for 0; of no number, 0.
private func power(_ x: Float, _ largest: Float) -> Float {
  guard x > -30 else { return 0 }
  let shifted = x + 12_582_912
  let r = x - (shifted - 12_582_912)
  let p =
    ((0.055_008_93 * largest * r + 0.242_210_97 * largest) * r + 0.693_282_93 * largest) * r
    + largest
  return Float(bitPattern: p.bitPattern &+ (shifted.bitPattern &<< 23))
}

/// The sums of the products of a row with 16 columns, of integers of 16 bits in pairs.
private func pairSums(
  _ row: UnsafePointer<Int16>, _ columns: UnsafeRawPointer, pairs: Int
) -> SIMD16<Int32> {
  var sums = SIMD16<Int32>()
  for pair in 0..<pairs {
    let two = (columns + pair &* panelWidth &* 4).loadUnaligned(as: SIMD16<Int32>.self)
    // Of each lane one half, with its sign.
    sums &+= ((two &<< 16) &>> 16) &* Int32(row[2 &* pair])
    sums &+= (two &>> 16) &* Int32(row[2 &* pair &+ 1])
  }
  return sums
}

/// One query's probabilities.
private func writeProbabilities(
  _ differences: UnsafeMutablePointer<Float>, _ keys: Int, to row: UnsafeMutablePointer<Float>
) {
  var sum: Float = 0
  for key in 0..<keys {
    let difference = differences[key * panelWidth]
    row[key] = difference.isNaN ? difference : exponential(difference * 0.693_147_18)
    sum += row[key]
  }
  let factor = 1 / sum
  for key in 0..<keys { row[key] *= factor }
}
