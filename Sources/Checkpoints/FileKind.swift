internal import Tensors

/// What a file is, by its first bytes.
enum FileKind {
  case safetensors
  case json

  /// Recognises a checkpoint.
  /// - Throws: `InputError` with the kind and the remedy for files that are no checkpoint.
  static func recognise(_ file: MappedFile) throws -> FileKind {
    try file.withBytes { bytes in
      func starts(with text: String, at offset: Int = 0) -> Bool {
        bytes.count >= offset + text.utf8.count
          && bytes[offset..<(offset + text.utf8.count)].elementsEqual(text.utf8)
      }
      func refuse(_ found: String, _ remedy: String) -> InputError {
        InputError(
          file: file.path, field: "file", expected: "safetensors, NumPy .npz or ONNX",
          found: "\(found); \(remedy)")
      }
      if starts(with: "version https://git-lfs") {
        throw refuse("a Git LFS pointer", "fetch the file itself with: git lfs pull")
      }
      if starts(with: "PK\u{3}\u{4}") {
        throw refuse(
          "a zip archive, as torch.save writes",
          "convert it with: tools/pth_to_safetensors.py \(file.path)")
      }
      if bytes.count >= 2, bytes[0] == 0x80, (2...5).contains(bytes[1]) {
        throw refuse(
          "a Python pickle", "convert it with: tools/pth_to_safetensors.py \(file.path)")
      }
      if bytes.count >= 2, bytes[0] == 0x1F, bytes[1] == 0x8B {
        throw refuse("a gzip archive", "unpack it first")
      }
      if starts(with: "ustar", at: 257) { throw refuse("a tar archive", "unpack it first") }
      // A header length that is accepted has zeros in its upper half; text never has.
      if bytes.count >= 8, bytes[4..<8].allSatisfy({ $0 == 0 }) { return .safetensors }
      let text = bytes.prefix(64).drop { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
      if text.first == UInt8(ascii: "<") {
        throw refuse("an HTML or XML page", "download the file itself")
      }
      if text.first == UInt8(ascii: "{") { return .json }
      return .safetensors
    }
  }
}
