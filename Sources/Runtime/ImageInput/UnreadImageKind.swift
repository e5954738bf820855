/// Kinds of images that are known by name, but not read.
package enum UnreadImageKind: String {
  case heic = "HEIC"
  case avif = "AVIF"
  case jpegXL = "JPEG XL"
  case jpeg2000 = "JPEG 2000"
  case photoshop = "Photoshop"
  case icon = "ICO"
  case pdf = "PDF"
  case svg = "SVG"

  /// What a file's first bytes say; nil for everything else.
  init?(_ bytes: UnsafeRawBufferPointer) {
    func has(_ words: String, at offset: Int) -> Bool {
      bytes.count >= offset + words.utf8.count
        && bytes[offset..<(offset + words.utf8.count)].elementsEqual(words.utf8)
    }
    func starts(_ magic: [UInt8]) -> Bool { bytes.starts(with: magic) }
    if has("ftyp", at: 4) {
      if ["heic", "heix", "mif1", "heim", "heis"].contains(where: { has($0, at: 8) }) {
        self = .heic
      } else if ["avif", "avis"].contains(where: { has($0, at: 8) }) {
        self = .avif
      } else {
        return nil
      }
    } else if starts([0xFF, 0x0A]) || has("JXL ", at: 4) {
      self = .jpegXL
    } else if starts([0xFF, 0x4F, 0xFF, 0x51]) || has("jP  ", at: 4) {
      self = .jpeg2000
    } else if has("8BPS", at: 0) {
      self = .photoshop
    } else if starts([0, 0, 1, 0]) {
      self = .icon
    } else if has("%PDF", at: 0) {
      self = .pdf
    } else if has("<svg", at: 0) {
      self = .svg
    } else {
      return nil
    }
  }

  /// How names of such files end.
  package static let endings = [
    ".heic", ".heif", ".avif", ".jxl", ".jp2", ".j2k", ".psd", ".ico", ".svg",
  ]
}
