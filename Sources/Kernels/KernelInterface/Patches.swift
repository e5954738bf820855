/// The patches of images as rows: windows that neither overlap nor leave anything between them.
package struct Patches: @unchecked Sendable {
  /// `[images, channels, height, width]`.
  package let images: UnsafePointer<Float>

  /// Channels of an image.
  package let channels: Int

  /// Height of an image.
  package let height: Int

  /// Width of an image.
  package let width: Int

  /// Extents of a patch.
  package let extents: (height: Int, width: Int)

  /// The patches of a convolution's image; nil where its windows are none, or lie in a map.
  package init?(_ convolution: ConvolutionArguments) {
    guard case .image(let images) = convolution.input, convolution.padding == 0,
      convolution.stride == convolution.kernel
    else { return nil }
    self.images = images
    channels = convolution.channels
    height = convolution.height
    width = convolution.width
    extents = convolution.kernel
  }

  /// Where the lines of a patch begin in an image, that of a channel's line `line` at
  /// `pointer + (channel * height + line) * width`.
  package func pointer(image: Int, patch: Int) -> UnsafePointer<Float> {
    let (row, column) = patch.quotientAndRemainder(dividingBy: width / extents.width)
    let line = image &* channels &* height &+ row &* extents.height
    return images + (line &* width &+ column &* extents.width)
  }
}
