internal import Tensors

/// From the 8-bit image to the tensor.
extension Preprocessing {
  /// Writes the input tensor `[channels, height, width]` of an image that ``crop(_:file:)`` made:
  /// `(scaled - mean) / deviation` in float32. The pixels of a grey one have three equal samples.
  /// - Throws: `InputError` if the image or the tensor has other extents.
  public func normalise(_ crop: RGBImage, into tensor: UnsafeMutableBufferPointer<Float>) throws {
    let area = width * height
    guard crop.width == width, crop.height == height else {
      throw InputError(
        file: "image", field: "size", expected: "a crop of \(width) x \(height)",
        found: "\(crop.width) x \(crop.height)")
    }
    guard channels == 1 || channels == 3 else {
      throw InputError(
        file: "image", field: "channels", expected: "a model of 1 or 3", found: "\(channels)")
    }
    guard tensor.count == channels * area else {
      throw InputError(
        file: "tensor", field: "elements", expected: "\(channels * area)", found: "\(tensor.count)")
    }
    for channel in 0..<channels {
      let table = table(channel: channel)
      for index in 0..<area {
        tensor[channel * area + index] = table[Int(crop.pixels[index * 3 + channel])]
      }
    }
  }

  /// Samples R, G, B of pixels that padding adds.
  var fillPixel: [UInt8] { fill.count == 1 ? [UInt8](repeating: fill[0], count: 3) : fill }

  /// Writes the input tensor of a batch, `[crops.count, channels, height, width]`.
  package func normalise(
    _ crops: [RGBImage], into tensor: UnsafeMutableBufferPointer<Float>
  ) throws {
    let count = channels * height * width
    for (index, crop) in crops.enumerated() {
      try normalise(
        crop,
        into: UnsafeMutableBufferPointer(rebasing: tensor[index * count..<(index + 1) * count]))
    }
  }

  /// What each sample of a channel becomes.
  private func table(channel: Int) -> [Float] {
    (0..<256).map { sample in
      let scaled =
        switch rescale {
        case .divideBy255: Float(sample) / 255
        case .multiply(let factor): Float(Double(sample) * factor)
        }
      return (scaled - mean[channel]) / standardDeviation[channel]
    }
  }
}
