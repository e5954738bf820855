internal import Tensors

/// What a file is, by its first bytes.
enum FileKind {
  case safetensors
  case json
  case zip
  case onnx

  /// Kinds that people mistake for checkpoints, and the way out.
  enum Refused {
    case gitPointer
    case page
    case pickle
    case pickleArchive
    case compressed(String)
    case tar
    case hdf5
    case gguf
    case plan
    case openVINO
    case other

    /// What it is and what to do.
    fileprivate func words(_ path: String) -> String {
      let converter = "convert it with: tools/pth_to_safetensors.py \(path)"
      return switch self {
      case .gitPointer: "a Git LFS pointer; fetch the file itself with: git lfs pull"
      case .page: "an HTML or XML page; download the file itself"
      case .pickle: "a Python pickle, as torch.save writes; \(converter)"
      case .pickleArchive: "a zip archive with a pickle, as torch.save writes; \(converter)"
      case .compressed(let name): "a file compressed by \(name); unpack it first"
      case .tar: "a tar archive; unpack it first"
      case .hdf5: "an HDF5 file, as Keras writes; export the model to ONNX"
      case .plan:
        "a plan, which vitc convert has made; run it with vitrun, or change it with vitc rewrite"
      case .openVINO:
        "a part of an OpenVINO IR; convert the ONNX model or the checkpoint that it was made from"
      case .gguf: "a GGUF file; use the checkpoint that it was made from"
      case .other: "a file of another kind"
      }
    }
  }

  /// The error for a kind that is not read.
  static func refusal(of path: String, _ kind: Refused) -> InputError {
    InputError(
      .unsupported, file: path, field: "file", expected: "safetensors, NumPy .npz or ONNX",
      found: kind.words(path))
  }

  /// Whether an archive with this member was written by `torch.save`.
  static func isPickle(member: String) -> Bool {
    member == "data.pkl" || member.hasSuffix("/data.pkl")
  }

  /// Recognises a checkpoint.
  /// - Throws: `InputError` with the kind and the remedy for files that are no checkpoint.
  static func recognise(_ file: MappedFile) throws -> FileKind {
    try file.withBytes { bytes in
      // First, since a header's length may begin as any other kind does.
      if looksLikeSafeTensors(bytes) { return .safetensors }
      if let refused = refused(bytes) { throw refusal(of: file.path, refused) }
      if starts(bytes, "PK\u{3}\u{4}") || starts(bytes, "PK\u{5}\u{6}") { return .zip }
      if firstVisible(bytes) == UInt8(ascii: "{") { return .json }
      if isOpenVINOWeights(file.path) { throw refusal(of: file.path, .openVINO) }
      if looksLikeONNX(bytes) { return .onnx }
      // With neither a header's length nor the JSON behind it there is nothing of a damaged one to speak of.
      if bytes.count > 8, bytes[4..<8].contains(where: { $0 != 0 }), !beginsHeader(bytes[8]) {
        throw refusal(of: file.path, .other)
      }
      return .safetensors
    }
  }

  /// A header length that is accepted has zeros in its upper half, and JSON follows it.
  private static func looksLikeSafeTensors(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.count > 8 && bytes[4..<8].allSatisfy { $0 == 0 } && beginsHeader(bytes[8])
  }

  /// Whether JSON, or white space before it, may begin so.
  private static func beginsHeader(_ byte: UInt8) -> Bool {
    [0x7B, 0x20, 0x09, 0x0A, 0x0D].contains(byte)
  }

  /// An IR's weights have nothing that tells them; its graph lies beside them.
  private static func isOpenVINOWeights(_ path: String) -> Bool {
    guard path.hasSuffix(".bin"),
      let graph = try? MappedFile(path: path.dropLast(".bin".count) + ".xml")
    else { return false }
    return graph.withBytes(isOpenVINOGraph)
  }

  private static func isOpenVINOGraph(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let text = String(decoding: bytes.prefix(1024), as: UTF8.self)
    return text.contains("<net ")
  }

  private static func refused(_ bytes: UnsafeRawBufferPointer) -> Refused? {
    let compressors: [(String, [UInt8])] = [
      ("gzip", [0x1F, 0x8B]), ("bzip2", Array("BZh".utf8)), ("xz", [0xFD] + Array("7zXZ".utf8)),
      ("Zstandard", [0x28, 0xB5, 0x2F, 0xFD]), ("7-Zip", Array("7z".utf8) + [0xBC, 0xAF]),
    ]
    for (name, magic) in compressors where bytes.starts(with: magic) { return .compressed(name) }
    if starts(bytes, "version https://git-lfs") { return .gitPointer }
    if starts(bytes, "ustar", at: 257) { return .tar }
    if bytes.starts(with: [0x89] + Array("HDF".utf8)) { return .hdf5 }
    if starts(bytes, "GGUF") { return .gguf }
    if starts(bytes, "VITPLAN\u{0}") { return .plan }
    if bytes.count >= 2, bytes[0] == 0x80, (2...5).contains(bytes[1]) { return .pickle }
    if starts(bytes, "PK\u{3}\u{4}"), bytes.count >= 30 {
      let count = Int(bytes[26]) | Int(bytes[27]) << 8
      let name = String(decoding: bytes[30...].prefix(count), as: UTF8.self)
      if isPickle(member: name) { return .pickleArchive }
    }
    guard firstVisible(bytes) == UInt8(ascii: "<") else { return nil }
    return isOpenVINOGraph(bytes) ? .openVINO : .page
  }

  /// The first byte that is no white space and no byte order mark.
  private static func firstVisible(_ bytes: UnsafeRawBufferPointer) -> UInt8? {
    bytes.prefix(1024).first { ![0x20, 0x09, 0x0A, 0x0D, 0xEF, 0xBB, 0xBF].contains($0) }
  }

  /// Whether the bytes begin as a `ModelProto` does: with its version, a name or its graph.
  private static func looksLikeONNX(_ bytes: UnsafeRawBufferPointer) -> Bool {
    // The upper half of a header length; ONNX has no four zeros there.
    if bytes.count >= 8, bytes[4..<8].allSatisfy({ $0 == 0 }) { return false }
    guard bytes.count >= 3 else { return false }
    switch bytes[0] {
    case 0x08:
      // Another field follows the version, which is small unless the file is damaged.
      return bytes[1] >= 0x80 || (bytes[1] > 0 && bytes[2] >= 8 && [0, 2].contains(bytes[2] & 7))
    case 0x12, 0x1A, 0x22, 0x32, 0x3A, 0x42: return bytes.count >= 8
    default: return false
    }
  }

  private static func starts(
    _ bytes: UnsafeRawBufferPointer, _ text: StaticString, at offset: Int = 0
  ) -> Bool {
    guard bytes.count - offset >= text.utf8CodeUnitCount else { return false }
    return (0..<text.utf8CodeUnitCount).allSatisfy { bytes[offset + $0] == text.utf8Start[$0] }
  }
}
