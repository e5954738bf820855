internal import ImageInput
internal import Tensors

/// The images that tools/reference/pillow_fixtures.py wrote, and what Pillow makes of them.
enum Fixture {
  static let folder = "\(#filePath)".dropLast("/Fixture.swift".count) + "/Fixtures/"

  static func path(_ name: String) -> String { folder + name }

  static func bytes(_ name: String) throws -> [UInt8] {
    try MappedFile(path: path(name)).withBytes { Array($0) }
  }

  /// The lines of a table, split at tabulators, without its heading.
  static func table(_ name: String) throws -> [[String]] {
    String(decoding: try bytes(name), as: UTF8.self)
      .split(separator: "\n").dropFirst()
      .map { $0.split(separator: "\t").map(String.init) }
  }
}

/// FNV-1a of bytes, as the tables spell it.
func hash(_ bytes: some Sequence<UInt8>) -> String {
  var value: UInt64 = 0xCBF2_9CE4_8422_2325
  for byte in bytes { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
  let digits = String(value, radix: 16)
  return String(repeating: "0", count: 16 - digits.count) + digits
}

/// Decodes bytes as the file `image`.
func decode(
  _ bytes: [UInt8], orientation: ImageDecoder.Orientation = .ignore,
  alpha: ImageDecoder.Alpha = .drop
) throws -> RGBImage {
  try bytes.withUnsafeBytes {
    try ImageDecoder.decode($0, file: "image", orientation: orientation, alpha: alpha)
  }
}

/// An image of one grey.
func grey(_ sample: UInt8, width: Int, height: Int) -> RGBImage {
  RGBImage(
    width: width, height: height,
    pixels: [UInt8](repeating: sample, count: width * height * 3))
}

/// The error that decoding throws, or nil where it succeeds.
func refusal(_ bytes: [UInt8]) -> InputError? {
  do {
    _ = try decode(bytes)
    return nil
  } catch {
    return error as? InputError
  }
}

extension Array where Element == UInt8 {
  /// The first place of a run of bytes.
  func firstPlace(of run: [UInt8]) -> Int? {
    indices.first { self[$0...].starts(with: run) }
  }
}
