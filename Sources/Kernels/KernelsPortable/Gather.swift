package import KernelInterface

extension PortableKernels {
  package static func gather(_ arguments: GatherArguments, item: Int) {
    let a = arguments
    let (image, part) = item.quotientAndRemainder(dividingBy: a.split.parts)
    let used = a.prefix + a.unusedNew.used(of: a.newPatches, image: image)
    let rows = a.split.start(part)..<a.split.start(part + 1)
    let joined = rowsThatOthersJoin(a, image: image, rows)
    for row in rows {
      guard row < used else {
        repeatIndex(a, image: image, patch: row - a.prefix)
        continue
      }
      if row < a.prefix {
        let output = a.output.pointer(image: image, row: row)
        output.update(from: a.input.pointer(image: image, row: row), count: a.width)
        if let newSizes = a.newSizes {
          let oldTokens = a.prefix + a.patches
          let newTokens = a.prefix + a.newPatches
          newSizes[image * newTokens + row] = a.sizes?[image * oldTokens + row] ?? 1
        }
      } else {
        writePatch(
          a, image: image, patch: row - a.prefix, isSum: a.mode == .sum && row == used - 1,
          isJoined: joined & 1 << (row - rows.lowerBound) != 0 || rows.count > UInt64.bitWidth)
      }
    }
  }
}

/// Those of up to 64 new rows that stand for more than one old token, a bit each, so that one look at the
/// destinations spares most rows a look of their own.
private func rowsThatOthersJoin(_ a: GatherArguments, image: Int, _ rows: Range<Int>) -> UInt64 {
  guard a.mode == .mean else { return 0 }
  let destination = a.destination + image * a.patches
  let kept = a.kept + image * a.keep
  var joined: UInt64 = 0
  for i in 0..<a.unused.used(of: a.patches, image: image) {
    let patch = Int(destination[i])
    guard rows.contains(a.prefix + patch), patch >= 0, Int(kept[patch]) != i else { continue }
    joined |= 1 << UInt64(a.prefix + patch - rows.lowerBound)
  }
  return joined
}

/// Writes a patch index where a new row is not in use: one that is.
private func repeatIndex(_ a: GatherArguments, image: Int, patch: Int) {
  guard let indices = a.newPatchIndices else { return }
  let principal = a.kept[image * a.keep]
  indices[image * a.newPatches + patch] =
    a.patchIndices?[image * a.patches + Int(principal)] ?? principal
}

/// Writes one new patch row with its size and patch index.
private func writePatch(
  _ a: GatherArguments, image: Int, patch: Int, isSum: Bool, isJoined: Bool
) {
  let principal = isSum ? -1 : Int(a.kept[image * a.keep + patch])
  let destination = a.destination + image * a.patches
  let output = a.output.pointer(image: image, row: a.prefix + patch)
  let sizes = a.sizes.map { $0 + image * (a.prefix + a.patches) + a.prefix }
  let weights = a.weights.map { $0 + image * a.weightStride }
  let origins = a.patchIndices.map { $0 + image * a.patches }

  var size: Float = 0
  var origin: Int32 = -1
  var total: Float = 0
  var isPlain = false
  if isSum {
    output.update(repeating: 0, count: a.width)
  } else {
    size = sizes?[principal] ?? 1
    origin = origins?[principal] ?? Int32(truncatingIfNeeded: principal)
    total = weights?[principal] ?? 1
    output.update(
      from: a.input.pointer(image: image, row: a.prefix + principal), count: a.width)
    isPlain = true
  }
  if isSum || (a.mode == .mean && isJoined) {
    for i in 0..<a.unused.used(of: a.patches, image: image)
    where i != principal && Int(destination[i]) == patch {
      let weight = weights?[i] ?? 1
      if isPlain {
        for c in 0..<a.width { output[c] *= total }
        isPlain = false
      }
      let x = a.input.pointer(image: image, row: a.prefix + i)
      for c in 0..<a.width { output[c] += weight * x[c] }
      total += weight
      size += sizes?[i] ?? 1
    }
    if !isSum && !isPlain {
      for c in 0..<a.width { output[c] /= total }
    }
  }
  a.newSizes?[image * (a.prefix + a.newPatches) + a.prefix + patch] = size
  a.newPatchIndices?[image * a.newPatches + patch] = origin
}
