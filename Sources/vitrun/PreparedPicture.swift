internal import ViTRuntime

/// A picture that is ready for the network.
struct PreparedPicture {
  let crop: Picture
  let decodeMilliseconds: Double
  let preprocessMilliseconds: Double
}

extension Classifier {
  /// Reads, resizes and crops a picture.
  func prepare(_ path: String, orientation: PictureDecoder.Orientation) throws -> PreparedPicture {
    var clock = Stopwatch()
    let picture = try preprocessing.read(path: path, orientation: orientation)
    let decoding = clock.lap()
    let crop = try preprocessing.crop(picture, file: path)
    return PreparedPicture(
      crop: crop, decodeMilliseconds: decoding, preprocessMilliseconds: clock.lap())
  }
}
