internal import CLibrary
package import KernelInterface

extension PortableKernels {
  package static func attention(
    _ arguments: AttentionArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    let a = arguments
    let split = a.querySplit
    let (image, h, part) = a.place(item)
    let head = image * a.heads + h
    let tokens = a.unused.used(of: a.tokens, image: image)
    let embedding = a.heads * a.headWidth
    let scores = scratch.assumingMemoryBound(to: Float.self)
    let logSizes = scores + a.tokens
    let sums = logSizes + a.tokens
    let places = UnsafeMutableRawPointer(sums + a.headWidth).assumingMemoryBound(to: Int32.self)
    a.bias?.writePlaces(image: image, tokens: tokens, of: a.tokens, to: places)
    if let sizes = a.sizes {
      for key in 0..<tokens { logSizes[key] = logf(sizes[image * a.tokens + key]) }
    } else {
      logSizes.update(repeating: 0, count: tokens)
    }

    let first = split.start(part) * AttentionArguments.queryTile
    let last = min(split.start(part + 1) * AttentionArguments.queryTile, a.queries, tokens)
    for query in first..<max(first, last) {
      let q = a.qkv.pointer(image: image, row: query) + h * a.headWidth
      var largest = -Float.infinity
      for key in 0..<tokens {
        let k = a.qkv.pointer(image: image, row: key) + embedding + h * a.headWidth
        let bias = a.bias?.value(head: h, query: places[query], key: places[key]) ?? 0
        scores[key] = dot(q, k, a.headWidth) * a.scale + bias + logSizes[key]
        largest = max(largest, scores[key])
      }
      var sum: Float = 0
      for key in 0..<tokens {
        scores[key] = exponential(scores[key] - largest)
        sum += scores[key]
      }
      let factor = 1 / sum

      sums.update(repeating: 0, count: a.headWidth)
      for key in 0..<tokens {
        let v = a.qkv.pointer(image: image, row: key) + 2 * embedding + h * a.headWidth
        let score = scores[key]
        for c in 0..<a.headWidth { sums[c] += score * v[c] }
      }
      let output = a.output.pointer(image: image, row: query) + h * a.headWidth
      for c in 0..<a.headWidth { output[c] = sums[c] * factor }

      if query == 0, let rows = a.classAttention {
        let row = rows + head * a.tokens
        for key in 0..<tokens { row[key] = scores[key] * factor }
      }
      if let probabilities = a.probabilities {
        let row = probabilities + (head * a.tokens + query) * a.tokens
        for key in 0..<tokens { row[key] = scores[key] * factor }
      }
    }
  }
}

/// Scalar product of two rows.
func dot(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int) -> Float {
  let whole = count & ~7
  var sums = Vector()
  for i in stride(from: 0, to: whole, by: 8) { sums += a.vector(i) * b.vector(i) }
  var sum = sums.sum()
  for i in whole..<count { sum += a[i] * b[i] }
  return sum
}
