package import KernelInterface

extension WideKernels {
  package static func headNorm(_ arguments: HeadNormArguments, item: Int) {
    let a = arguments
    let width = a.heads &* a.headWidth
    a.unused.forEachRun(in: a.split.rows(item), rows: a.tokens) { rows in
      for row in rows {
        let image = row / a.tokens
        let token = row &- image &* a.tokens
        let input = a.input.pointer(image: image, row: token)
        let output = a.output.pointer(image: image, row: token)
        for part in 0..<2 {
          let first = part &* width
          normalize(
            a.heads, { input + (first &+ $0 &* a.headWidth) },
            into: { output + (first &+ $0 &* a.headWidth) }, width: a.headWidth,
            part == 0 ? a.queryNorm : a.keyNorm)
        }
        copyIfApart(input + 2 &* width, output + 2 &* width, width)
      }
    }
  }

  package static func rotaryEmbedding(_ arguments: RotaryEmbeddingArguments, item: Int) {
    let a = arguments
    let width = a.heads &* a.headWidth
    let half = a.headWidth / 2
    let step = a.tableHeads == 1 ? 0 : a.headWidth
    a.unused.forEachRun(in: a.split.rows(item), rows: a.tokens) { rows in
      for row in rows {
        let image = row / a.tokens
        let token = row &- image &* a.tokens
        let input = a.input.pointer(image: image, row: token)
        let output = a.output.pointer(image: image, row: token)
        guard let angles = a.angles(image: image, token: token) else {
          copyIfApart(input, output, 3 &* width)
          continue
        }
        for head in 0..<a.heads {
          let own = angles + head &* step
          let query = head &* a.headWidth
          turn(input + query, output + query, by: own, half)
          turn(input + (width &+ query), output + (width &+ query), by: own, half)
        }
        copyIfApart(input + 2 &* width, output + 2 &* width, width)
      }
    }
  }
}

/// Turns a head by `half` angles; `output` may be `input`.
@inline(__always)
private func turn(
  _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>,
  by angles: UnsafePointer<Float>, _ half: Int
) {
  var i = 0
  while i &+ lanes <= half {
    let (x, y) = (load(input, i), load(input, half &+ i))
    let (cosine, sine) = (load(angles, i), load(angles, half &+ i))
    store(multiplyAdd(-y, sine, x * cosine), output, i)
    store(multiplyAdd(x, sine, y * cosine), output, half &+ i)
    i &+= lanes
  }
  while i < half {
    let (x, y) = (input[i], input[half &+ i])
    let (cosine, sine) = (angles[i], angles[half &+ i])
    output[i] = (x * cosine).addingProduct(-y, sine)
    output[half &+ i] = (y * cosine).addingProduct(x, sine)
    i &+= 1
  }
}

/// Copies a row unless it is there already.
@inline(__always)
private func copyIfApart(
  _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ count: Int
) {
  if UnsafePointer(output) != input { copy(input, output, count) }
}
