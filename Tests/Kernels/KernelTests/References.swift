import CLibrary
import KernelInterface

// The same in double precision, written for clarity.

func referenceActivation(_ x: Double, _ activation: Activation) -> Double {
  switch activation {
  case .none: x
  case .gelu: 0.5 * x * (1 + erf(x / 2.0.squareRoot()))
  case .relu: max(x, 0)
  // Tanh near -1 would lose all digits of the sum.
  case .geluTanh: x / (1 + exp(-2 * (2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
  case .quickGelu: x / (1 + exp(-1.702 * x))
  case .silu: x / (1 + exp(-x))
  case .tanh: tanh(x)
  }
}

func referenceNorm(_ row: [Double], gamma: [Float], beta: [Float], epsilon: Float) -> [Double] {
  let mean = row.reduce(0, +) / Double(row.count)
  let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(row.count)
  return row.indices.map {
    (row[$0] - mean) / (variance + Double(epsilon)).squareRoot() * Double(gamma[$0])
      + Double(beta[$0])
  }
}

func referenceRMSNorm(_ row: [Double], weight: [Float], epsilon: Float) -> [Double] {
  let mean = row.reduce(0) { $0 + $1 * $1 } / Double(row.count)
  return row.indices.map { row[$0] / (mean + Double(epsilon)).squareRoot() * Double(weight[$0]) }
}

/// `row * weights`, `weights` being `[inputs][outputs]`.
func referenceProduct(_ row: [Double], _ weights: [Float], outputs: Int) -> [Double] {
  var sums = [Double](repeating: 0, count: outputs)
  for (k, x) in row.enumerated() {
    for n in 0..<outputs { sums[n] += x * Double(weights[k * outputs + n]) }
  }
  return sums
}

struct ReferenceAttention {
  var output: [Double]
  /// `[heads][queries][keys]`.
  var probabilities: [Double]

  /// One image's attention.
  init(
    qkv: [Float], tokens: Int, heads: Int, width: Int, scale: Float, sizes: [Float]?,
    bias: (_ head: Int, _ query: Int, _ key: Int) -> Double = { _, _, _ in 0 }
  ) {
    let embedding = heads * width
    output = Array(repeating: 0, count: tokens * embedding)
    probabilities = []
    func part(_ which: Int, _ token: Int, _ head: Int, _ c: Int) -> Double {
      Double(qkv[token * 3 * embedding + which * embedding + head * width + c])
    }
    for h in 0..<heads {
      for q in 0..<tokens {
        var row = (0..<tokens).map { key in
          (0..<width).reduce(0.0) { $0 + part(0, q, h, $1) * part(1, key, h, $1) } * Double(scale)
            + bias(h, q, key) + (sizes.map { log(Double($0[key])) } ?? 0)
        }
        let largest = row.max() ?? 0
        row = row.map { exp($0 - largest) }
        let sum = row.reduce(0, +)
        row = row.map { $0 / sum }
        for c in 0..<width {
          output[q * embedding + h * width + c] = (0..<tokens).reduce(0.0) {
            $0 + row[$1] * part(2, $1, h, c)
          }
        }
        probabilities += row
      }
    }
  }
}
