internal import JSON
package import Tensors

/// A safetensors file: an 8-byte little-endian header length, a JSON header, tensor data.
///
/// The rules are those of the format's reference implementation: ranges in the header cover the
/// data exactly once, in any order, without holes, overlaps or trailing bytes, and each has the
/// size of shape x dtype. Source: the safetensors format description and its `validate()`.
package struct SafeTensorsFile: Sendable {
  /// The largest header that is accepted, in bytes.
  package static let maximumHeader = 100_000_000

  /// The most values in a header or an index: 90,000 tensors need a million.
  static let maximumValues = 1 << 20

  /// Views into the mapped file.
  package let tensors: [String: TensorView]

  /// The header's `__metadata__`.
  package let metadata: [String: String]

  /// Reads and checks a mapped file's header.
  package init(_ file: MappedFile) throws {
    let path = file.path
    let (header, dataStart) = try file.withBytes { bytes in
      try Self.header(of: bytes, file: path)
    }
    guard let members = header.members else {
      throw InputError(
        file: path, field: "header", expected: "a JSON object", found: header.kind)
    }
    var metadata: [String: String] = [:]
    var entries: [SafeTensorsEntry] = []
    var names = Set<String>()
    for member in members {
      guard names.insert(member.name).inserted else {
        throw InputError.safeTensors(
          path, member.name, expected: "each name once", found: "it twice")
      }
      if member.name == "__metadata__" {
        metadata = try Self.metadata(member.value, file: path)
      } else {
        entries.append(try SafeTensorsEntry(member.name, member.value, file: path))
      }
    }
    try Self.checkCoverage(entries, dataBytes: file.count - dataStart, file: path)
    var tensors: [String: TensorView] = [:]
    for entry in entries {
      let range = dataStart + entry.range.lowerBound..<dataStart + entry.range.upperBound
      guard
        let view = TensorView(
          dtype: entry.dtype, shape: entry.shape, storage: .file(file), range: range)
      else {
        throw InputError.safeTensors(
          path, entry.name,
          expected: "\(entry.shape.byteCount(of: entry.dtype) ?? 0) bytes for \(entry.shape)",
          found: "\(range.count) bytes")
      }
      tensors[entry.name] = view
    }
    self.tensors = tensors
    self.metadata = metadata
  }

  private static func header(of bytes: UnsafeRawBufferPointer, file: String) throws
    -> (JSONValue, dataStart: Int)
  {
    guard bytes.count >= 8 else {
      throw InputError(
        file: file, field: "header length", expected: "8 bytes", found: "\(bytes.count) bytes")
    }
    let stored = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    guard stored <= UInt64(maximumHeader) else {
      throw InputError(
        file: file, field: "header length", expected: "at most \(maximumHeader)",
        found: "\(stored)")
    }
    let length = Int(stored)
    guard length <= bytes.count - 8 else {
      throw InputError(
        file: file, field: "header length", expected: "at most the \(bytes.count - 8) bytes left",
        found: "\(length)")
    }
    let text = UnsafeRawBufferPointer(rebasing: bytes[8..<(8 + length)])
    let header = try JSONParser.parse(
      text, file: file, base: 8, maximumValues: maximumValues)
    return (header, 8 + length)
  }

  private static func metadata(_ value: JSONValue, file: String) throws -> [String: String] {
    var metadata: [String: String] = [:]
    guard let members = value.members else {
      throw InputError.safeTensors(
        file, "__metadata__", expected: "an object of strings", found: value.kind)
    }
    for member in members {
      guard let text = member.value.string else {
        throw InputError.safeTensors(
          file, "__metadata__.\(member.name)", expected: "a string", found: member.value.kind)
      }
      metadata[member.name] = text
    }
    return metadata
  }

  /// Throws unless the ranges cover the data exactly once.
  private static func checkCoverage(
    _ entries: [SafeTensorsEntry], dataBytes: Int, file: String
  ) throws {
    let ordered = entries.sorted {
      ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
    }
    var end = 0
    var previous = "the header"
    for entry in ordered {
      guard entry.range.lowerBound >= end else {
        throw InputError.safeTensors(
          file, entry.name, expected: "bytes of its own",
          found: "\(end - entry.range.lowerBound) bytes shared with \(previous)")
      }
      guard entry.range.lowerBound == end else {
        throw InputError.safeTensors(
          file, entry.name, expected: "data from byte \(end), where \(previous) ends",
          found: "byte \(entry.range.lowerBound)")
      }
      end = entry.range.upperBound
      previous = entry.name
    }
    guard end == dataBytes else {
      throw InputError(
        file: file, field: "data", expected: "\(end) bytes as the header says",
        found:
          "\(dataBytes) bytes (\(end > dataBytes ? "\(end - dataBytes) missing" : "\(dataBytes - end) too many"))"
      )
    }
  }
}
