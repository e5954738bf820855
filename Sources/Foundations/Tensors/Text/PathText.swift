/// Paths as text that gives back exactly their bytes.
///
/// A path is bytes, which need not be UTF-8. A byte that belongs to no sequence of UTF-8 stands in the
/// text as a scalar of the last private plane, U+10FE80 for 0x80 up to U+10FEFF for 0xFF. Where a path has
/// one of these scalars itself, its four bytes stand for it in the same way, so that every path has one
/// text and no two share one. `/` stays `/`.
///
/// Command lines and folders are read this way, and ``FileSystem`` turns the text back.
package enum PathText {
  private static let base: UInt32 = 0x10_FE00

  /// What the UTF-8 of the scalars that stand for bytes begins with.
  private static let leadByte: UInt8 = 0xF4

  /// The byte that a scalar stands for, if it does.
  package static func byte(of scalar: Unicode.Scalar) -> UInt8? {
    (base + 0x80...base + 0xFF).contains(scalar.value) ? UInt8(scalar.value - base) : nil
  }

  /// The text of a path.
  package static func text(of bytes: some Collection<UInt8>) -> String {
    if !bytes.contains(leadByte), let text = String(validating: bytes, as: UTF8.self) {
      return text
    }
    var scalars = String.UnicodeScalarView()
    var rest = bytes[...]
    while !rest.isEmpty {
      var parser = Unicode.UTF8.ForwardParser()
      var following = rest.makeIterator()
      let count: Int
      switch parser.parseScalar(from: &following) {
      case .valid(let encoded):
        let scalar = Unicode.UTF8.decode(encoded)
        count = encoded.count
        if byte(of: scalar) == nil {
          scalars.append(scalar)
        } else {
          scalars.append(contentsOf: rest.prefix(count).compactMap(standIn))
        }
      case .error(let length):
        count = length
        scalars.append(contentsOf: rest.prefix(count).compactMap(standIn))
      case .emptyInput: return String(scalars)
      }
      rest = rest.dropFirst(count)
    }
    return String(scalars)
  }

  /// The bytes of a path.
  package static func bytes(of text: String) -> [UInt8] {
    guard text.utf8.contains(leadByte) else { return Array(text.utf8) }
    return text.unicodeScalars.flatMap { scalar in
      byte(of: scalar).map { [$0] } ?? Array(String(scalar).utf8)
    }
  }

  /// Whether all of the path is UTF-8.
  package static func isUnicode(_ text: String) -> Bool {
    !text.utf8.contains(leadByte) || String(validating: bytes(of: text), as: UTF8.self) != nil
  }

  /// The path with U+FFFD in the place of what is no UTF-8.
  package static func repaired(_ text: String) -> String {
    text.utf8.contains(leadByte) ? String(decoding: bytes(of: text), as: UTF8.self) : text
  }

  /// A path's last name.
  package static func lastName(of text: String) -> String {
    text.utf8.split(separator: UInt8(ascii: "/")).last.flatMap { String($0) } ?? ""
  }

  private static func standIn(for byte: UInt8) -> Unicode.Scalar? {
    Unicode.Scalar(base + UInt32(byte))
  }
}
