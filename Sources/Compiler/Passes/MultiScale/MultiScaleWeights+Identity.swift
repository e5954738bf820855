package import ModelGraph

extension MultiScaleWeights {
  /// Weights that leave the high scale as it is, as a start for training: LKA's last layer and PEG
  /// are zero, its depthwise layers pass their input on, the low scale has no positions yet.
  package static func identity(width: Int, gridHeight: Int, gridWidth: Int) -> [Constant] {
    shapes(width: width, gridHeight: gridHeight, gridWidth: gridWidth).map { name, shape in
      let passesOn = name.hasSuffix("conv0.weight") || name.hasSuffix("conv_spatial.weight")
      return Constant(name: name, shape: shape) {
        var values = [Float](repeating: 0, count: shape.elementCount)
        if passesOn {
          let pixels = shape[2] * shape[3]
          for channel in 0..<width { values[channel * pixels + pixels / 2] = 1 }
        }
        return values
      }
    }
  }
}
