package import KernelInterface

extension PortableKernels {
  package static func winogradWeights(_ arguments: WinogradArguments, item: Int) {
    let a = arguments.convolution
    let size = a.channels * PanelLayout.width
    let output = arguments.weights + item * WinogradArguments.points * size
    for index in stride(from: 0, to: size, by: 8) {
      let first = item * 9 * size + index
      func weight(_ line: Int, _ column: Int) -> Wide {
        let place = first + (line * 3 + column) * size
        switch a.weights.element {
        case .float32:
          return Wide(a.weights.base.assumingMemoryBound(to: Float.self).vector(place))
        case .float16:
          return Wide(
            widened((a.weights.base + 2 * place).loadUnaligned(as: SIMD8<UInt16>.self)))
        case .int8: refuseInt8Weights()
        }
      }
      func line(_ line: Int) -> Line {
        Line(weight(line, 0), weight(line, 1), weight(line, 2))
      }
      let (g0, g1, g2) = (line(0), line(1), line(2))
      // F(2, 3): the values at 0, 1, -1 and infinity, over the derivatives of x^3 - x.
      let (even, odd) = ((g0 + g2) * 0.5, g1 * 0.5)
      (g0 * -1).write(output + index, step: size)
      (even + odd).write(output + 6 * size + index, step: size)
      (even + odd * -1).write(output + 12 * size + index, step: size)
      g2.write(output + 18 * size + index, step: size)
    }
  }
}

/// Weights are transformed in double precision: they are rounded once.
private typealias Wide = SIMD8<Double>

/// A line of three weights.
private struct Line {
  private let values: (Wide, Wide, Wide)

  init(_ a: Wide, _ b: Wide, _ c: Wide) { values = (a, b, c) }

  static func + (a: Line, b: Line) -> Line {
    Line(a.values.0 + b.values.0, a.values.1 + b.values.1, a.values.2 + b.values.2)
  }

  static func * (a: Line, factor: Double) -> Line {
    Line(a.values.0 * factor, a.values.1 * factor, a.values.2 * factor)
  }

  /// F(4, 3): the values at 0, 5/8, -5/8, 3/2, -3/2 and infinity, over the derivatives of
  /// `x (x^2 - n^2) (x^2 - f^2)`, where `n` is the point near zero and `f` the one far from it.
  func write(_ place: UnsafeMutablePointer<Float>, step: Int) {
    let (n, f) = (0.625, 1.5)
    let (n2, f2) = (n * n, f * f)
    func store(_ value: Wide, _ point: Int) {
      let (low, high) = (SIMD4<Float>(value.lowHalf), SIMD4<Float>(value.highHalf))
      place.store(Vector(lowHalf: low, highHalf: high), point * step)
    }
    store(values.0 * (1 / (n2 * f2)), 0)
    let (nearEven, nearOdd) = (values.0 + values.2 * n2, values.1 * n)
    let nearFactor = 1 / (2 * n2 * (n2 - f2))
    store((nearEven + nearOdd) * nearFactor, 1)
    store((nearEven - nearOdd) * nearFactor, 2)
    let (farEven, farOdd) = (values.0 + values.2 * f2, values.1 * f)
    let farFactor = 1 / (2 * f2 * (f2 - n2))
    store((farEven + farOdd) * farFactor, 3)
    store((farEven - farOdd) * farFactor, 4)
    store(values.2, 5)
  }
}
