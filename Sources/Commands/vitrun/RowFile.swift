internal import JSON
internal import Tensors

/// A file of rows, one for each image, in the images' order.
///
/// Rows go to `FILE.part`, whole lines behind one that says what they depend on, so that a run which was ended goes
/// on where it was. At the end they become the file, without that line.
final class RowFile {
  /// What rows depend on; a file that says otherwise is refused.
  struct Identity {
    /// Of the plans' bytes.
    let plans: [UInt64]
    /// What is written of each image, in words.
    let options: String
    /// The images, in order.
    let images: [String]

    fileprivate var members: [(name: String, value: String)] {
      [
        ("plans", plans.map { String($0, radix: 16) }.joined(separator: " ")),
        ("options", options), ("images", "\(images.count), \(String(checksum, radix: 16))"),
      ]
    }

    /// Of paths, sizes and times, so that an image that was changed meanwhile is seen.
    private var checksum: UInt64 {
      XXH64.hash(
        images.flatMap { path -> [UInt8] in
          let version = FileSystem.version(of: path).flatMap { [$0.bytes, $0.nanoseconds] } ?? []
          var bytes = PathText.bytes(of: path) + [0]
          for value in version {
            withUnsafeBytes(of: value.littleEndian) { bytes += $0 }
          }
          return bytes
        })
    }
  }

  /// How many rows there were, of the first images, and how many of them say that an image failed.
  let found: Int
  let failures: Int

  private let path: String
  private let log: LineLog
  private var pending = 0

  /// Rows that are written before they must be on the disk.
  private static let mostPending = 1000

  /// Opens `path.part`, or makes it.
  /// - Parameters:
  ///   - resumes: whether there may be rows.
  ///   - isFailure: whether a row says that its image failed; throws if it is no row.
  /// - Throws: `InputError` if there are and may not be, if they depend on something else, or if a file cannot be
  ///   written.
  init(
    path: String, resumes: Bool, _ identity: Identity,
    isFailure: (_ row: ArraySlice<UInt8>, _ file: String) throws -> Bool
  ) throws {
    let part = path + ".part"
    try OutputFile.check(path: path, against: identity.images)
    guard resumes || !FileSystem.exists(part) else {
      throw InputError(
        file: part, field: "file",
        expected: "none; --resume goes on with one that was left behind",
        found: "one")
    }
    self.path = path
    log = try LineLog(path: part)
    var (number, failures) = (0, 0)
    try log.forEachLine { line in
      number += 1
      if number == 1 {
        try Self.check(line, identity, file: part)
      } else if try isFailure(line, part) {
        failures += 1
      }
    }
    self.failures = failures
    if number == 0 {
      let members = identity.members.map { JSONMember($0, .string($1)) }
      try log.append(JSONValue.object(members).text())
      number = 1
    }
    guard number - 1 <= identity.images.count else {
      throw InputError(
        file: part, field: "rows", expected: "at most \(identity.images.count), one an image",
        found: "\(number - 1)")
    }
    found = number - 1
  }

  private static func check(_ line: ArraySlice<UInt8>, _ identity: Identity, file: String) throws {
    let head = try line.withUnsafeBytes { try JSONParser.parse($0, file: file) }
    for (name, value) in identity.members {
      guard let text = head[name]?.string, text == value else {
        throw InputError(
          file: file, field: name,
          expected: "\(value), of this run; remove the file, or write another",
          found: head[name]?.string ?? head[name]?.kind ?? "none")
      }
    }
  }

  /// Adds the row of the next image.
  func add(_ row: String) throws {
    pending += 1
    try log.append(row, isSynced: pending == Self.mostPending)
    if pending == Self.mostPending { pending = 0 }
  }

  /// Makes the file of the rows.
  /// - Parameter title: a line before them.
  func finish(title: String?) throws {
    var output = try OutputFile(path: path)
    if let title { try output.append(Array((title + "\n").utf8)) }
    try log.copyBehindFirstLine(to: &output)
    try output.commit()
    log.remove()
  }

  /// Removes the rows, and leaves the file as it was.
  func discard() { log.remove() }
}
