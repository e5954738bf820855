package import KernelInterface

extension PortableKernels {
  package static func quantizeHeads(
    _ layer: QuantizedAttention, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    let a = layer.attention
    let (h, image) = item.quotientAndRemainder(dividingBy: a.images)
    let tokens = a.unused.used(of: a.tokens, image: image)
    let head = layer.head(image: image, head: h)
    let width = head.extents.width
    let factors = scratch.assumingMemoryBound(to: Float.self)
    func part(_ index: Int, _ token: Int) -> UnsafePointer<Float> {
      a.qkv.pointer(image: image, row: token) + (index * a.heads + h) * a.headWidth
    }
    for c in 0..<a.headWidth {
      let (low, range) = ends(tokens) { part(1, $0)[c] }
      let step = unit(range, of: 255)
      factors[c] = step * (a.scale * 1.442_695_04)
      for t in 0..<tokens {
        head.keys[t * width + c] = UInt8(integer((part(1, t)[c] - low) * (1 / step)))
      }
      quantizeValues(head, channel: c, tokens) { part(2, $0)[c] }
    }
    // What is multiplied by no query.
    for c in a.headWidth..<max(a.headWidth, width) {
      for t in 0..<tokens { head.keys[t * width + c] = 0 }
    }
    for query in 0..<min(a.queries, tokens) {
      quantizeQuery(head, query, part(0, query), factors, a.headWidth)
    }
  }
}

/// The least number of a channel and how far above it the largest is, NaN where a number or that is not finite.
private func ends(_ tokens: Int, _ value: (Int) -> Float) -> (low: Float, range: Float) {
  var (low, high, zero) = (value(0), value(0), Float(0))
  for t in 0..<tokens {
    let x = value(t)
    low = x < low ? x : low
    high = x > high ? x : high
    zero += x * 0
  }
  let range = high - low + zero
  return (low, range + range * 0)
}

/// A step that is no zero.
private func unit(_ size: Float, of count: Float) -> Float {
  let unit = size * (1 / count)
  return unit < Float.leastNormalMagnitude ? 1 : unit
}

/// The nearest integer; of no number, zero.
private func integer(_ value: Float) -> Int32 {
  value.isFinite ? Int32(value.rounded(.toNearestOrEven)) : 0
}

private func quantizeValues(
  _ head: QuantizedHead, channel: Int, _ tokens: Int, _ value: (Int) -> Float
) {
  let (low, range) = ends(tokens, value)
  let half = range * 0.5
  let middle = low + half
  let width = unit(half, of: Float(QuantizedAttention.largestValue))
  head.valueTerms[channel] = width
  head.valueTerms[head.extents.width + channel] = middle
  let panel = channel / panelWidth * head.extents.tokenPairs
  for t in 0..<(tokens + 1) / 2 * 2 {
    let place = ((panel + t / 2) * panelWidth + channel % panelWidth) * 2 + t % 2
    let value = t < tokens ? integer((value(t) - middle) * (1 / width)) : 0
    head.values.storeBytes(
      of: Int16(value), toByteOffset: place * MemoryLayout<Int16>.stride, as: Int16.self)
  }
}

private func quantizeQuery(
  _ head: QuantizedHead, _ query: Int, _ row: UnsafePointer<Float>, _ factors: UnsafePointer<Float>,
  _ channels: Int
) {
  var (largest, zero) = (Float(0), Float(0))
  for c in 0..<channels {
    let x = row[c] * factors[c]
    largest = max(abs(x), largest)
    zero += x * 0
  }
  let unit = unit(largest + zero, of: 127)
  head.units[query] = unit
  let group = Int8PanelLayout.group
  let panel = query / panelWidth * head.extents.groups
  for c in 0..<head.extents.groups * group {
    let place = ((panel + c / group) * panelWidth + query % panelWidth) * group + c % group
    let value = c < channels ? integer(row[c] * factors[c] * (1 / unit)) : 0
    head.queries.storeBytes(of: Int8(value), toByteOffset: place, as: Int8.self)
  }
}
