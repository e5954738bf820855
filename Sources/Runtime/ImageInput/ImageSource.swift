/// An image, as a file, as the bytes of one, or decoded.
public struct ImageSource: Sendable {
  enum Place: Sendable {
    case file(String)
    case encoded([UInt8], name: String)
    case decoded(RGBImage, name: String)
  }

  let place: Place

  /// What errors call it.
  package var name: String {
    switch place {
    case .file(let path): path
    case .encoded(_, let name), .decoded(_, let name): name
    }
  }

  /// A file of a kind that ``ImageDecoder`` reads.
  public static func file(_ path: String) -> ImageSource { ImageSource(place: .file(path)) }

  /// The bytes of such a file.
  /// - Parameter name: what errors call it.
  public static func encoded(_ bytes: [UInt8], name: String = "image") -> ImageSource {
    ImageSource(place: .encoded(bytes, name: name))
  }

  /// An image that is decoded already.
  /// - Parameter name: what errors call it.
  public static func decoded(_ image: RGBImage, name: String = "image") -> ImageSource {
    ImageSource(place: .decoded(image, name: name))
  }
}
