internal import JSON
internal import Tensors

/// What an image is called in JSON, whose texts are Unicode.
struct ImageName {
  let path: String

  /// `image`, and where the path is no UTF-8, `image_bytes` with its bytes in hexadecimal.
  var members: [JSONMember] {
    let name = JSONMember("image", .string(PathText.repaired(path)))
    guard !PathText.isUnicode(path) else { return [name] }
    let digits = PathText.bytes(of: path).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
    return [name, .init("image_bytes", .string(digits.joined()))]
  }
}
