internal import CLibrary
package import KernelInterface

extension WideKernels {
  package static func attendToRows(
    _ arguments: RowAttentionArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    switch arguments.weights.element {
    case .float32: RowAttentionHead<FloatPanels<Binary32>>(arguments, item, scratch).attend()
    case .float16: RowAttentionHead<FloatPanels<Binary16>>(arguments, item, scratch).attend()
    case .int8: RowAttentionHead<IntegerPanels>(arguments, item, scratch).attend()
    }
  }
}

/// How a panel's weights lie; a type, so that each loop over them is compiled for one.
private protocol PanelElements {
  /// Bytes of a panel.
  static func byteCount(inputs: Int) -> Int

  /// The weights of an input, but for factors of the outputs.
  static func load(_ panel: UnsafeRawPointer, _ input: Int) -> Vector
}

private enum FloatPanels<Element: WeightElement>: PanelElements {
  @inline(__always)
  static func byteCount(inputs: Int) -> Int { inputs &* lanes &* Element.byteCount }

  @inline(__always)
  static func load(_ panel: UnsafeRawPointer, _ input: Int) -> Vector {
    Element.load(panel + input &* lanes &* Element.byteCount)
  }
}

/// Integers as ``Int8PanelLayout`` has them.
private enum IntegerPanels: PanelElements {
  @inline(__always)
  static func byteCount(inputs: Int) -> Int { (inputs &+ 3) / 4 &* 4 &* lanes }

  @inline(__always)
  static func load(_ panel: UnsafeRawPointer, _ input: Int) -> Vector {
    let four = (panel + input / 4 &* 4 &* lanes).load(as: Lanes.self)
    let shift = Lanes(repeating: Int32(truncatingIfNeeded: 24 &- 8 &* (input % 4)))
    return floats((four &<< shift) &>> 24)
  }
}

/// One head of an image, and its places within a thread's scratch.
private struct RowAttentionHead<Elements: PanelElements> {
  private let a: RowAttentionArguments
  private let image: Int
  private let head: Int

  /// Tokens that are in use.
  private let tokens: Int

  /// What the outputs' weights are to be multiplied by; `nil` stands for ones.
  private let scales: UnsafePointer<Float>?

  /// `[headWidth]`, with a vector of room in front and behind: a query, then what it comes to.
  private let own: UnsafeMutablePointer<Float>

  /// `[D]`: what rows are multiplied by.
  private let key: UnsafeMutablePointer<Float>

  /// `[tokens]`, up to a whole vector: scores, then weights.
  private let weights: UnsafeMutablePointer<Float>

  /// `[D]`: the weighted sum of the rows.
  private let sum: UnsafeMutablePointer<Float>

  @inline(__always)
  init(_ a: RowAttentionArguments, _ item: Int, _ scratch: UnsafeMutableRawPointer) {
    self.a = a
    image = item / a.heads
    head = item &- image &* a.heads
    tokens = a.unused.used(of: a.tokens, image: image)
    scales = a.scales
    let start = scratch.assumingMemoryBound(to: Float.self)
    own = start + lanes
    key = start + wholeVectors(a.headWidth &+ 2 &* lanes)
    weights = key + wholeVectors(a.inputWidth)
    sum = weights + wholeVectors(a.tokens)
  }

  @inline(__always)
  func attend() {
    let width = a.heads &* a.headWidth
    let first = head &* a.headWidth
    let rows = a.input.pointer(image: image, row: 0)
    for query in 0..<a.queries {
      multiply(a.input.pointer(image: image, row: query), firstOutput: first)
      for c in 0..<a.headWidth { own[c] *= a.scale }
      // Where panels hold other heads too, these multiply by zeros.
      store(Vector(), own, -lanes)
      store(Vector(), own, a.headWidth)
      let keyBias = product(withBiasOf: width &+ first)
      multiplyTransposed(firstOutput: width &+ first)
      score(rows)
      // No softmax sees what all scores have, but what is not finite is to be seen.
      weights[0] += keyBias * 0
      weigh(rows)
      multiply(UnsafePointer(sum), firstOutput: 2 &* width &+ first)
      copy(UnsafePointer(own), a.output.pointer(image: image, row: query) + first, a.headWidth)
    }
  }

  /// The weights of an output's panel.
  @inline(__always)
  private func panel(_ panel: Int) -> UnsafeRawPointer {
    a.weights.base + panel &* Elements.byteCount(inputs: a.inputWidth)
  }

  /// `own = W x + b` of the head's outputs from `firstOutput` on.
  @inline(__always)
  private func multiply(_ row: UnsafePointer<Float>, firstOutput: Int) {
    let end = (firstOutput &+ a.headWidth &+ lanes &- 1) / lanes
    var place = firstOutput / lanes
    // Four, so that no sum waits for itself.
    while place &+ 4 <= end {
      var (p, q) = (Vector(), Vector())
      var (r, s) = (Vector(), Vector())
      let (w, x) = (panel(place), panel(place &+ 1))
      let (y, z) = (panel(place &+ 2), panel(place &+ 3))
      for k in 0..<a.inputWidth {
        let value = splat(row[k])
        p.addProduct(value, Elements.load(w, k))
        q.addProduct(value, Elements.load(x, k))
        r.addProduct(value, Elements.load(y, k))
        s.addProduct(value, Elements.load(z, k))
      }
      let column = place &* lanes &- firstOutput
      store(p, own, column)
      store(q, own, column &+ lanes)
      store(r, own, column &+ 2 &* lanes)
      store(s, own, column &+ 3 &* lanes)
      place &+= 4
    }
    while place < end {
      let w = panel(place)
      var p = Vector()
      for k in 0..<a.inputWidth { p.addProduct(splat(row[k]), Elements.load(w, k)) }
      store(p, own, place &* lanes &- firstOutput)
      place &+= 1
    }
    scale(firstOutput: firstOutput)
    guard let bias = a.bias else { return }
    for c in 0..<a.headWidth { own[c] += bias[firstOutput &+ c] }
  }

  /// Multiplies by the factors of the outputs' weights.
  @inline(__always)
  private func scale(firstOutput: Int) {
    guard let scales else { return }
    for c in 0..<a.headWidth { own[c] *= scales[firstOutput &+ c] }
  }

  /// What the head's query and the bias of its keys come to.
  @inline(__always)
  private func product(withBiasOf firstOutput: Int) -> Float {
    guard let bias = a.bias else { return 0 }
    var sum: Float = 0
    for c in 0..<a.headWidth { sum.addProduct(own[c], bias[firstOutput &+ c]) }
    return sum
  }

  /// `key = W^T own` of the head's outputs from `firstOutput` on.
  @inline(__always)
  private func multiplyTransposed(firstOutput: Int) {
    scale(firstOutput: firstOutput)
    let first = firstOutput / lanes
    let end = (firstOutput &+ a.headWidth &+ lanes &- 1) / lanes
    if end &* lanes > 3 &* a.heads &* a.headWidth {
      // Columns that are no output's are not read.
      for k in 0..<a.inputWidth {
        var product: Float = 0
        for output in firstOutput..<firstOutput &+ a.headWidth {
          let weights = Elements.load(panel(output / lanes), k)
          product.addProduct(own[output &- firstOutput], weights[output % lanes])
        }
        key[k] = product
      }
      return
    }
    for k in 0..<a.inputWidth {
      var product = Vector()
      for place in first..<end {
        product.addProduct(
          load(own, place &* lanes &- firstOutput), Elements.load(panel(place), k))
      }
      key[k] = total(product)
    }
  }

  /// The score of each row.
  @inline(__always)
  private func score(_ rows: UnsafePointer<Float>) {
    let step = a.input.stride
    var row = 0
    while row &+ 4 <= tokens {
      let (w, x) = (rows + row &* step, rows + (row &+ 1) &* step)
      let (y, z) = (rows + (row &+ 2) &* step, rows + (row &+ 3) &* step)
      var (p, q) = (Vector(), Vector())
      var (r, s) = (Vector(), Vector())
      var i = 0
      while i &+ lanes <= a.inputWidth {
        let value = load(key, i)
        p.addProduct(value, load(w, i))
        q.addProduct(value, load(x, i))
        r.addProduct(value, load(y, i))
        s.addProduct(value, load(z, i))
        i &+= lanes
      }
      var sums = SIMD4(total(p), total(q), total(r), total(s))
      while i < a.inputWidth {
        sums.addProduct(SIMD4(repeating: key[i]), SIMD4(w[i], x[i], y[i], z[i]))
        i &+= 1
      }
      for place in 0..<4 { weights[row &+ place] = sums[place] }
      row &+= 4
    }
    while row < tokens {
      weights[row] = dot(UnsafePointer(key), rows + row &* step, a.inputWidth)
      row &+= 1
    }
    guard let sizes = a.sizes else { return }
    for row in 0..<tokens {
      let size = sizes[image &* a.tokens &+ row]
      if size != 1 { weights[row] += logf(size) }
    }
  }

  /// Makes weights of scores, and `sum` of the rows.
  @inline(__always)
  private func weigh(_ rows: UnsafePointer<Float>) {
    let end = wholeVectors(tokens)
    for row in tokens..<max(tokens, end) { weights[row] = -.infinity }
    var largest = splat(-.infinity)
    var place = 0
    while place < end {
      largest = maximum(largest, load(weights, place))
      place &+= lanes
    }
    let top = splat(highest(largest))
    place = 0
    while place < end {
      store(exponential(load(weights, place) - top), weights, place)
      place &+= lanes
    }
    for row in tokens..<max(tokens, end) { weights[row] = 0 }
    var all = Vector()
    place = 0
    while place < end {
      all += load(weights, place)
      place &+= lanes
    }
    let factor = splat(1) / splat(total(all))
    place = 0
    while place < end {
      store(load(weights, place) * factor, weights, place)
      place &+= lanes
    }
    let step = a.input.stride
    var c = 0
    while c &+ 4 &* lanes <= a.inputWidth {
      var (p, q) = (Vector(), Vector())
      var (r, s) = (Vector(), Vector())
      var x = rows + c
      for row in 0..<tokens {
        let weight = splat(weights[row])
        p.addProduct(weight, load(x, 0))
        q.addProduct(weight, load(x, lanes))
        r.addProduct(weight, load(x, 2 &* lanes))
        s.addProduct(weight, load(x, 3 &* lanes))
        x += step
      }
      store(p, sum, c)
      store(q, sum, c &+ lanes)
      store(r, sum, c &+ 2 &* lanes)
      store(s, sum, c &+ 3 &* lanes)
      c &+= 4 &* lanes
    }
    while c &+ lanes <= a.inputWidth {
      var p = Vector()
      for row in 0..<tokens { p.addProduct(splat(weights[row]), load(rows + row &* step, c)) }
      store(p, sum, c)
      c &+= lanes
    }
    while c < a.inputWidth {
      var p: Float = 0
      for row in 0..<tokens { p.addProduct(weights[row], rows[row &* step &+ c]) }
      sum[c] = p
      c &+= 1
    }
  }
}

/// `count` elements up to the next whole vector, which is a cache line.
@inline(__always)
private func wholeVectors(_ count: Int) -> Int { (count &+ lanes &- 1) / lanes &* lanes }
