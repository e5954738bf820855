package import KernelInterface

extension PortableKernels {
  package static func headNorm(_ arguments: HeadNormArguments, item: Int) {
    let a = arguments
    let width = a.heads * a.headWidth
    a.unused.forEachRun(in: a.split.rows(item), rows: a.tokens) { rows in
      for row in rows {
        let (image, token) = row.quotientAndRemainder(dividingBy: a.tokens)
        let input = a.input.pointer(image: image, row: token)
        let output = a.output.pointer(image: image, row: token)
        for head in 0..<a.heads {
          let query = head * a.headWidth
          normalize(input + query, into: output + query, width: a.headWidth, a.queryNorm)
          let key = width + query
          normalize(input + key, into: output + key, width: a.headWidth, a.keyNorm)
        }
        copyIfApart(input + 2 * width, output + 2 * width, width)
      }
    }
  }

  package static func rotaryEmbedding(_ arguments: RotaryEmbeddingArguments, item: Int) {
    let a = arguments
    let width = a.heads * a.headWidth
    a.unused.forEachRun(in: a.split.rows(item), rows: a.tokens) { rows in
      for row in rows {
        let (image, token) = row.quotientAndRemainder(dividingBy: a.tokens)
        let input = a.input.pointer(image: image, row: token)
        let output = a.output.pointer(image: image, row: token)
        guard let angles = a.angles(image: image, token: token) else {
          copyIfApart(input, output, 3 * width)
          continue
        }
        for head in 0..<2 * a.heads {
          let own = a.tableHeads == 1 ? angles : angles + head % a.heads * a.headWidth
          turn(input + head * a.headWidth, output + head * a.headWidth, by: own, a.headWidth / 2)
        }
        copyIfApart(input + 2 * width, output + 2 * width, width)
      }
    }
  }
}

/// Turns a head by `half` angles; `output` may be `input`.
private func turn(
  _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>,
  by angles: UnsafePointer<Float>, _ half: Int
) {
  for i in 0..<half {
    let (x, y) = (input[i], input[half + i])
    let (cosine, sine) = (angles[i], angles[half + i])
    output[i] = x * cosine - y * sine
    output[half + i] = y * cosine + x * sine
  }
}

/// Copies a row unless it is there already.
private func copyIfApart(
  _ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, _ count: Int
) {
  if UnsafePointer(output) != input { output.update(from: input, count: count) }
}
