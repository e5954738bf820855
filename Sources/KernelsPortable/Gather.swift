package import KernelInterface

extension PortableKernels {
  package static func gather(_ arguments: GatherArguments, item: Int) {
    let a = arguments
    let (picture, part) = item.quotientAndRemainder(dividingBy: a.split.parts)
    let used = a.prefix + a.unusedNew.used(of: a.newPatches, picture: picture)
    for row in a.split.start(part)..<a.split.start(part + 1) {
      guard row < used else {
        repeatIndex(a, picture: picture, patch: row - a.prefix)
        continue
      }
      if row < a.prefix {
        let output = a.output.pointer(picture: picture, row: row)
        output.update(from: a.input.pointer(picture: picture, row: row), count: a.width)
        if let newSizes = a.newSizes {
          let oldTokens = a.prefix + a.patches
          let newTokens = a.prefix + a.newPatches
          newSizes[picture * newTokens + row] = a.sizes?[picture * oldTokens + row] ?? 1
        }
      } else {
        writePatch(
          a, picture: picture, patch: row - a.prefix, isSum: a.mode == .sum && row == used - 1)
      }
    }
  }
}

/// Writes a patch index where a new row is not in use: one that is.
private func repeatIndex(_ a: GatherArguments, picture: Int, patch: Int) {
  guard let indices = a.newPatchIndices else { return }
  let principal = a.kept[picture * a.keep]
  indices[picture * a.newPatches + patch] =
    a.patchIndices?[picture * a.patches + Int(principal)] ?? principal
}

/// Writes one new patch row with its size and patch index.
private func writePatch(_ a: GatherArguments, picture: Int, patch: Int, isSum: Bool) {
  let principal = isSum ? -1 : Int(a.kept[picture * a.keep + patch])
  let destination = a.destination + picture * a.patches
  let output = a.output.pointer(picture: picture, row: a.prefix + patch)
  let sizes = a.sizes.map { $0 + picture * (a.prefix + a.patches) + a.prefix }
  let weights = a.weights.map { $0 + picture * a.weightStride }
  let origins = a.patchIndices.map { $0 + picture * a.patches }

  var size: Float = 0
  var origin = Int32.max
  var total: Float = 0
  var isPlain = false
  if isSum {
    output.update(repeating: 0, count: a.width)
  } else {
    size = sizes?[principal] ?? 1
    origin = origins?[principal] ?? Int32(truncatingIfNeeded: principal)
    total = weights?[principal] ?? 1
    output.update(
      from: a.input.pointer(picture: picture, row: a.prefix + principal), count: a.width)
    isPlain = true
  }
  if isSum || a.mode == .mean {
    for i in 0..<a.unused.used(of: a.patches, picture: picture)
    where i != principal && Int(destination[i]) == patch {
      let weight = weights?[i] ?? 1
      if isPlain {
        for c in 0..<a.width { output[c] *= total }
        isPlain = false
      }
      let x = a.input.pointer(picture: picture, row: a.prefix + i)
      for c in 0..<a.width { output[c] += weight * x[c] }
      total += weight
      size += sizes?[i] ?? 1
      if isSum { origin = min(origin, origins?[i] ?? Int32(truncatingIfNeeded: i)) }
    }
    if !isSum && !isPlain {
      for c in 0..<a.width { output[c] /= total }
    }
  }
  a.newSizes?[picture * (a.prefix + a.newPatches) + a.prefix + patch] = size
  a.newPatchIndices?[picture * a.newPatches + patch] = origin
}
