package import KernelInterface

extension PortableKernels {
  package static func quantizeRows(
    _ arguments: QuantizedLinearArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    let a = arguments.product
    a.unused.forEachRun(in: arguments.rowSplit.rows(item), rows: a.rows) { rows in
      for row in rows {
        let (image, index) = row.quotientAndRemainder(dividingBy: a.rows)
        let prepared = scratch.assumingMemoryBound(to: Float.self)
        var input = UnsafePointer(prepared)
        switch arguments.source {
        case .rows(let rows, nil): input = rows.pointer(image: image, row: index)
        case .rows(let rows, let norm?):
          normalize(
            rows.pointer(image: image, row: index), into: prepared, width: a.inputWidth, norm)
        case .patches(let patches): copyPatch(patches, image: image, index, into: prepared)
        }
        quantizeRow(
          input, a.inputWidth, into: arguments.bytes + row * arguments.rowStride,
          arguments.terms + 2 * row)
      }
    }
  }

  package static func quantizedLinear(
    _ arguments: QuantizedLinearArguments, item: Int, scratch: UnsafeMutableRawPointer
  ) {
    let a = arguments.product
    let block = a.block(item)
    let rows = block.rowEnd &- block.rowStart
    guard rows > 0 else { return }
    // With one row in each image the sequence runs over images, otherwise over rows.
    let image = a.rows == 1 ? block.rowStart : block.group
    let row = a.rows == 1 ? 0 : block.rowStart
    let epilogue = Epilogue(
      output: a.output.pointer(image: image, row: row), outputStep: a.output.step(rows: a.rows),
      bias: a.bias, activation: a.activation,
      addend: a.residual?.pointer(image: image, row: row),
      addendStep: a.residual?.step(rows: a.rows) ?? 0, isCoarse: true)
    let first = block.group * a.rows + block.rowStart
    for panel in block.panelStart..<block.panelEnd {
      for row in 0..<rows {
        let (low, high) = products(arguments, row: first + row, panel: panel)
        epilogue.apply(
          low, high, row: row, column: panel * panelWidth, columns: a.outputWidth)
      }
    }
  }
}

/// Writes a patch as a row, `[channels][height][width]`.
private func copyPatch(
  _ patches: Patches, image: Int, _ patch: Int, into row: UnsafeMutablePointer<Float>
) {
  let first = patches.pointer(image: image, patch: patch)
  for line in 0..<patches.channels * patches.extents.height {
    let (channel, y) = line.quotientAndRemainder(dividingBy: patches.extents.height)
    (row + line * patches.extents.width).update(
      from: first + (channel * patches.height + y) * patches.width, count: patches.extents.width)
  }
}

/// Quantizes a row; see ``QuantizedLinearArguments``.
private func quantizeRow(
  _ row: UnsafePointer<Float>, _ width: Int, into bytes: UnsafeMutablePointer<UInt8>,
  _ terms: UnsafeMutablePointer<Float>
) {
  var (low, high, isFinite) = (row[0], row[0], true)
  for i in 0..<width {
    isFinite = isFinite && row[i].isFinite
    low = row[i] < low ? row[i] : low
    high = row[i] > high ? row[i] : high
  }
  let range = high - low
  guard isFinite, range.isFinite else {
    (terms[0], terms[1]) = (.nan, .nan)
    return bytes.update(repeating: 0, count: width)
  }
  var scale = range * (1 / 255)
  if scale < Float.leastNormalMagnitude { scale = 1 }
  let inverse = 1 / scale
  // One zero for both, whichever came first.
  (terms[0], terms[1]) = (scale, low + 0)
  for i in 0..<width {
    bytes[i] = UInt8(((row[i] - low) * inverse).rounded(.toNearestOrEven))
  }
}

/// The products of a row with a panel's columns, without bias.
private func products(
  _ a: QuantizedLinearArguments, row: Int, panel: Int
) -> (low: Vector, high: Vector) {
  let sums = byteSums(
    UnsafePointer(a.bytes) + row * a.rowStride,
    a.weights.values + panel * a.groups * panelWidth * Int8PanelLayout.group, groups: a.groups)
  let (scale, low) = (a.terms[2 * row], a.terms[2 * row + 1])
  func product(_ sums: SIMD8<Int32>, _ column: Int) -> Vector {
    var (sum, columnSum) = (Vector(), Vector())
    for lane in 0..<lanes {
      sum[lane] = Float(sums[lane])
      columnSum[lane] = Float(a.weights.sums[column + lane])
    }
    return (sum * scale + columnSum * low) * a.weights.scales.vector(column)
  }
  let column = panel * panelWidth
  return (product(sums.lowHalf, column), product(sums.highHalf, column + lanes))
}

/// The sums of the products of a row of bytes with 16 columns of integers, in groups of four.
func byteSums(
  _ bytes: UnsafePointer<UInt8>, _ columns: UnsafeRawPointer, groups: Int
) -> SIMD16<Int32> {
  let group = Int8PanelLayout.group
  var sums = SIMD16<Int32>()
  for g in 0..<groups {
    let four = (columns + g &* panelWidth &* group).loadUnaligned(as: SIMD16<Int32>.self)
    for k in 0..<group {
      // Of each lane one byte, with its sign.
      let weights = (four &<< Int32(24 &- 8 &* k)) &>> 24
      sums &+= weights &* Int32(bytes[g &* group &+ k])
    }
  }
  return sums
}
