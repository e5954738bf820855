internal import CLibrary
package import KernelInterface

extension PortableKernels {
  package static func reduceMean(_ arguments: ReduceMeanArguments, item: Int) {
    let a = arguments
    let (image, part) = item.quotientAndRemainder(dividingBy: a.split.parts)
    let output = a.output.pointer(image: image, row: 0)
    let columns = a.split.start(part)..<a.split.start(part + 1)
    for c in columns { output[c] = 0 }
    let rows = a.unused.used(of: a.rows, image: image)
    var total: Float = 0
    for row in 0..<rows {
      let input = a.input.pointer(image: image, row: row)
      if let weights = a.weights {
        let weight = weights[image * a.weightStride + row]
        total += weight
        for c in columns { output[c] += weight * input[c] }
      } else {
        for c in columns { output[c] += input[c] }
      }
    }
    let divisor = a.weights == nil ? Float(rows) : total
    for c in columns { output[c] /= divisor }
  }

  package static func attentionPool(
    _ arguments: AttentionPoolArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    let a = arguments
    let (image, h) = item.quotientAndRemainder(dividingBy: a.heads)
    let tokens = a.unused.used(of: a.tokens, image: image)
    let scores = scratch.assumingMemoryBound(to: Float.self)
    let column = h * a.headWidth
    var largest = -Float.infinity
    for key in 0..<tokens {
      let k = a.input.pointer(image: image, row: key) + column
      var score = dot(a.query + column, k, a.headWidth) * a.scale
      if let sizes = a.sizes { score += logf(sizes[image * a.sizeStride + key]) }
      scores[key] = score
      largest = max(largest, score)
    }
    let output = a.output.pointer(image: image, row: 0) + column
    for c in 0..<a.headWidth { output[c] = 0 }
    var total: Float = 0
    for key in 0..<tokens {
      let share = exponential(scores[key] - largest)
      total += share
      let v = a.input.pointer(image: image, row: key) + a.heads * a.headWidth + column
      for c in 0..<a.headWidth { output[c] += share * v[c] }
    }
    for c in 0..<a.headWidth { output[c] /= total }
  }
}
