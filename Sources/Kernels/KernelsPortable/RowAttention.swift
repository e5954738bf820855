internal import CLibrary
package import KernelInterface

extension PortableKernels {
  package static func attendToRows(
    _ arguments: RowAttentionArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    let a = arguments
    let (image, head) = item.quotientAndRemainder(dividingBy: a.heads)
    let (width, first) = (a.heads * a.headWidth, head * a.headWidth)
    let tokens = a.unused.used(of: a.tokens, image: image)
    let own = scratch.assumingMemoryBound(to: Float.self)
    let key = own + a.headFloats
    let weights = key + wholeLines(a.inputWidth)
    let sum = weights + wholeLines(a.tokens)

    /// `own = W x + b` of the head's outputs from `start` on.
    func multiply(_ row: UnsafePointer<Float>, from start: Int) {
      for c in 0..<a.headWidth { own[c] = 0 }
      for k in 0..<a.inputWidth {
        for c in 0..<a.headWidth { own[c] += a.weight(input: k, output: start + c) * row[k] }
      }
      if let bias = a.bias { for c in 0..<a.headWidth { own[c] += bias[start + c] } }
    }

    for query in 0..<a.queries {
      multiply(a.input.pointer(image: image, row: query), from: first)
      for c in 0..<a.headWidth { own[c] *= a.scale }
      // No softmax sees what all scores have, but what is not finite is to be seen.
      var keyBias: Float = 0
      if let bias = a.bias {
        for c in 0..<a.headWidth { keyBias += own[c] * bias[width + first + c] }
      }
      for k in 0..<a.inputWidth {
        var product: Float = 0
        for c in 0..<a.headWidth {
          product += a.weight(input: k, output: width + first + c) * own[c]
        }
        key[k] = product
      }
      var largest = -Float.infinity
      for row in 0..<tokens {
        var score = dot(key, a.input.pointer(image: image, row: row), a.inputWidth)
        if let sizes = a.sizes { score += logf(sizes[image * a.tokens + row]) }
        score += keyBias * 0
        weights[row] = score
        largest = max(largest, score)
      }
      for k in 0..<a.inputWidth { sum[k] = 0 }
      var total: Float = 0
      for row in 0..<tokens {
        let weight = exponential(weights[row] - largest)
        total += weight
        let x = a.input.pointer(image: image, row: row)
        for k in 0..<a.inputWidth { sum[k] += weight * x[k] }
      }
      for k in 0..<a.inputWidth { sum[k] /= total }
      multiply(UnsafePointer(sum), from: 2 * width + first)
      let output = a.output.pointer(image: image, row: query) + first
      for c in 0..<a.headWidth { output[c] = own[c] }
    }
  }
}

extension RowAttentionArguments {
  /// A weight, widened.
  @inline(__always)
  fileprivate func weight(input: Int, output: Int) -> Float {
    if weights.element == .int8 {
      let index = Int8PanelLayout.index(input: input, output: output, inputs: inputWidth)
      return Float(weights.base.load(fromByteOffset: index, as: Int8.self))
        * (scales?[output] ?? 1)
    }
    let index = PanelLayout.index(input: input, output: output, inputs: inputWidth)
    switch weights.element {
    case .float32: return weights.base.assumingMemoryBound(to: Float.self)[index]
    case .float16:
      return widened(
        SIMD8(repeating: (weights.base + 2 * index).loadUnaligned(as: UInt16.self)))[0]
    case .int8: refuseInt8Weights()
    }
  }
}
