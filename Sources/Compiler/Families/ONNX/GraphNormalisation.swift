internal import ModelFacts
internal import Tensors

/// What a graph computes from samples before its first convolution, `scale x + shift` for each channel.
///
/// It is folded into that convolution, so that the plan's model takes what the graph takes.
struct GraphNormalisation: Sendable {
  let scale: [Double]
  let shift: [Double]

  /// Samples are integers from 0 to 255.
  let isBytes: Bool

  /// - Returns: nil where images are prepared outside the graph.
  init?(_ affine: InputReader.Affine, isBytes: Bool, file: String) throws {
    guard (affine.scale + affine.shift).allSatisfy(\.isFinite), affine.scale.allSatisfy({ $0 != 0 })
    else {
      throw InputError(
        file: file, field: "normalisation of the graph", expected: "finite numbers, factors not 0",
        found: "\(affine.scale) x + \(affine.shift)")
    }
    guard isBytes || !affine.isIdentity else { return nil }
    (scale, shift, self.isBytes) = (affine.scale, affine.shift, isBytes)
  }

  /// `W (scale x + shift) + b` as another convolution of x: its weight and its bias.
  static func folded(_ affine: InputReader.Affine, _ weight: NamedTensor, _ bias: NamedTensor?) -> (
    NamedTensor, NamedTensor?
  ) {
    let (scale, shift) = (affine.scale, affine.shift)
    let extents = weight.shape.extents
    let (outputs, channels, area) = (extents[0], extents[1], extents[2] * extents[3])
    let scaled = NamedTensor(shape: weight.shape, origin: "\(weight.origin), normalising") {
      var values = try weight.values()
      for index in values.indices {
        values[index] = Float(Double(values[index]) * scale[index / area % channels])
      }
      return values
    }
    guard shift.contains(where: { $0 != 0 }) else { return (scaled, bias) }
    let shifted = NamedTensor(
      shape: Shape([outputs]), origin: "\(bias?.origin ?? "zeros"), normalising"
    ) {
      let values = try weight.values()
      let own = try bias?.values()
      return (0..<outputs).map { output in
        var sum = Double(own?[output] ?? 0)
        for channel in 0..<channels {
          let first = (output * channels + channel) * area
          sum += shift[channel] * values[first..<first + area].reduce(0.0) { $0 + Double($1) }
        }
        return Float(sum)
      }
    }
    return (scaled, shifted)
  }

  // MARK: - What is left to do outside

  /// What the graph does, for people.
  var words: String { "\(scale.map { Float($0) }) x + \(shift.map { Float($0) })" }

  /// Whether `factor` times the samples, taken by the graph, are what `facts` make of them.
  func agrees(with facts: PreprocessFacts, takingSamplesTimes factor: Double) -> Bool {
    let own = facts.samplesFactor
    return scale.indices.allSatisfy { channel in
      let deviation = Double(facts.standardDeviation[channel])
      let (wantedScale, wantedShift) = (
        own / deviation, -Double(facts.mean[channel]) / deviation
      )
      // Exporters and people round means and deviations in many ways.
      return abs(scale[channel] * factor - wantedScale) <= 1e-3 * abs(wantedScale)
        && abs(shift[channel] - wantedShift) <= 1e-3 * max(1, abs(wantedShift))
    }
  }

  /// The samples, from 0 to 1, of which the graph makes 0 when it takes `factor` times theirs.
  func mean(ofSamplesTimes factor: Double) -> [Float] {
    scale.indices.map { Float(-shift[$0] / (scale[$0] * factor) / 255) }
  }

  /// The factors on samples, 1/255 or 1, with which the graph makes of black and white what models are
  /// trained with: numbers that differ by about 1 to 10.
  var usualFactors: [Double] {
    [1.0 / 255, 1].filter { factor in
      scale.allSatisfy { (0.5...16).contains(abs($0) * factor * 255) }
    }
  }
}

extension PreprocessFacts {
  /// What samples are multiplied by, in one way or the other.
  var samplesFactor: Double { rescale == .divideBy255 ? 1.0 / 255 : rescaleFactor }
}
