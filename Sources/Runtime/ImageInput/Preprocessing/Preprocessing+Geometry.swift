internal import Tensors

/// Where the samples of the result come from.
extension Preprocessing {
  /// Extents of an image.
  struct Extents: Equatable {
    var height: Int
    var width: Int
  }

  /// One axis of the crop.
  struct Span: Equatable {
    /// Samples of the resized image that the result holds.
    let kept: Range<Int>

    /// Where the first of them lies in the result; what is before and behind is padding.
    let place: Int

    /// `count` samples become `target`.
    init(_ count: Int, to target: Int, _ crop: Crop) {
      let excess = count - target
      let start =
        switch crop {
        // floor((n - c) / 2); a shift rounds down where the image is smaller, too.
        case .none, .transformers: excess >> 1
        case .torchvision: excess < 0 ? -(-excess / 2) : Self.halfToEven(excess)
        }
      place = max(0, -start)
      kept = max(0, start)..<min(count, start + target)
    }

    private static func halfToEven(_ number: Int) -> Int {
      let half = number / 2
      return number % 2 == 0 ? half : half + half % 2
    }
  }

  /// The longest row that Pillow has; it refuses longer ones.
  private static let maximumResized = Int(Int32.max) / 4 - 1

  /// The extents before the crop.
  /// - Throws: `InputError` where one is 0 or too large for Pillow.
  func resizedExtents(of image: Extents, file: String) throws -> Extents {
    let (height, width) = (image.height, image.width)
    let extents: Extents
    switch resize {
    case .none:
      extents = Extents(height: height, width: width)
    case .squash(let newHeight, let newWidth):
      extents = Extents(height: newHeight, width: newWidth)
    case .shortestEdge(let edge):
      let long = Int(Double(edge * max(height, width)) / Double(min(height, width)))
      extents =
        width <= height ? Extents(height: long, width: edge) : Extents(height: edge, width: long)
    case .cover(let newHeight, let newWidth):
      let ratio = min(
        Double(height) / Double(newHeight), Double(width) / Double(newWidth))
      extents = Self.divided(image, by: ratio)
    case .fit(let newHeight, let newWidth):
      let ratio = max(
        Double(height) / Double(newHeight), Double(width) / Double(newWidth))
      extents = Self.divided(image, by: ratio)
    }
    let allowed = 1...Self.maximumResized
    guard allowed.contains(extents.height), allowed.contains(extents.width) else {
      throw InputError.resizedExtent(
        file, width: extents.width, height: extents.height, limit: Self.maximumResized,
        original: image)
    }
    return extents
  }

  private static func divided(_ image: Extents, by ratio: Double) -> Extents {
    func divide(_ extent: Int) -> Int {
      Int((Double(extent) / ratio).rounded(.toNearestOrEven))
    }
    return Extents(height: divide(image.height), width: divide(image.width))
  }
}
