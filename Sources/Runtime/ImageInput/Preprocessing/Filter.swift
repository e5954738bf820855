internal import CLibrary

extension Resampling {
  /// A convolution's kernel, in input samples (Pillow, `Resample.c`).
  enum Filter {
    case lanczos
    case bilinear
    case bicubic
    case box
    case hamming

    /// Half of its width.
    var support: Double {
      switch self {
      case .box: 0.5
      case .bilinear, .hamming: 1
      case .bicubic: 2
      case .lanczos: 3
      }
    }

    /// Its value at `x`.
    func callAsFunction(_ x: Double) -> Double {
      switch self {
      case .box: return x > -0.5 && x <= 0.5 ? 1 : 0
      case .bilinear: return abs(x) < 1 ? 1 - abs(x) : 0
      case .hamming:
        guard x != 0 else { return 1 }
        guard abs(x) < 1 else { return 0 }
        // Pillow's constants are of single precision.
        return Self.sinc(abs(x)) * (Double(Float(0.54)) + Double(Float(0.46)) * cos(abs(x) * .pi))
      case .bicubic:
        let (x, a) = (abs(x), -0.5)
        if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
        return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
      case .lanczos: return x >= -3 && x < 3 ? Self.sinc(x) * Self.sinc(x / 3) : 0
      }
    }

    private static func sinc(_ x: Double) -> Double {
      x == 0 ? 1 : sin(x * .pi) / (x * .pi)
    }
  }
}

extension Preprocessing.Interpolation {
  /// The kernel; nil for the nearest neighbour, which is none.
  var filter: Resampling.Filter? {
    switch self {
    case .nearest: nil
    case .lanczos: .lanczos
    case .bilinear: .bilinear
    case .bicubic: .bicubic
    case .box: .box
    case .hamming: .hamming
    }
  }
}
