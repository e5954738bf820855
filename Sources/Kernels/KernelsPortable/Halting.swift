package import KernelInterface

extension PortableKernels {
  package static func halt(_ arguments: HaltArguments, item: Int) {
    let a = arguments
    let remainders = a.remainders + item * (1 + a.patches)
    let left = a.newRemainders + item * (1 + a.patches)
    let destination = a.destination + item * a.patches
    let used = 1 + a.unused.used(of: a.patches, image: item)
    let isAlive = remainders[0] > a.gate.epsilon
    for token in 0..<used {
      let halting = value(a.gate, a.tokens.pointer(image: item, row: token)[0])
      left[token] = isAlive ? remainders[token] - halting : remainders[token]
    }
    let goesOn = isAlive && left[0] > a.gate.epsilon
    for i in 0..<a.patches {
      destination[i] = goesOn && 1 + i < used && left[1 + i] > a.gate.epsilon ? 0 : -1
    }
    numberKept(
      destination, kept: a.kept + item * a.patches, of: a.patches, unused: a.unusedKept + item)
  }

  package static func accumulate(_ arguments: AccumulateArguments, item: Int) {
    let a = arguments
    let x = a.tokens.pointer(image: item, row: 0)
    let weight = weight(a, before: a.remainders[item * a.remainderStride], x[0])
    let output = a.output + item * a.width
    for c in 0..<a.width {
      let sum = a.sum?[item * a.width + c] ?? 0
      // A row that counts for nothing may hold anything.
      output[c] = weight == 0 ? sum : sum + weight * x[c]
    }
  }
}

/// The halting value of a token.
private func value(_ gate: HaltingValues, _ channel: Float) -> Float {
  let argument = gate.center - gate.scale * channel
  // The exponential ends at 88, where the value is as good as 0.
  return argument.isNaN ? .nan : 1 / (1 + exponential(argument))
}

/// What the class token's row counts for behind a block; NaN where that is not known.
private func weight(_ a: AccumulateArguments, before: Float, _ channel: Float) -> Float {
  guard before > a.gate.epsilon else { return before.isNaN ? .nan : 0 }
  if a.isLast { return before }
  let halting = value(a.gate, channel)
  let left = before - halting
  if left > a.gate.epsilon { return halting }
  if left < a.gate.epsilon { return before }
  return left.isNaN ? .nan : 0
}
