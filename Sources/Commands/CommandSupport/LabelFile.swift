package import PlanFormat
internal import Tensors

/// Reads class names from a text file.
package enum LabelFile {
  private static let maximumBytes = 16 << 20

  /// Labels by class; `-` is standard input. Lines are `index<TAB>identifier<TAB>name`, or names alone in
  /// order of classes; empty ones count for nothing.
  /// - Parameter classes: how many there must be.
  /// - Throws: `InputError` naming the line.
  package static func read(path: String, classes: Int) throws -> [Label] {
    if path == "-" {
      let input = try StandardInput.read(limit: maximumBytes)
      return try withExtendedLifetime(input) {
        try labels(UnsafeRawBufferPointer(input.bytes), classes, StandardInput.name)
      }
    }
    let file = try MappedFile(path: path)
    guard file.count <= maximumBytes else {
      throw InputError(
        file: path, field: "size", expected: "at most \(maximumBytes) bytes",
        found: "\(file.count)")
    }
    return try file.withBytes { try labels($0, classes, path) }
  }

  private static func labels(_ bytes: UnsafeRawBufferPointer, _ classes: Int, _ path: String) throws
    -> [Label]
  {
    // Lines are counted first, so that a long file of the wrong kind asks for no memory.
    var count = 0
    var isTable = false
    forEachLine(of: bytes) { line in
      if count == 0 { isTable = line.contains(UInt8(ascii: "\t")) }
      count += 1
    }
    guard count == classes else {
      throw InputError(
        file: path, field: "lines", expected: "\(classes), one a class", found: "\(count)")
    }
    var labels = [Label?](repeating: nil, count: count)
    var number = 0
    try forEachLine(of: bytes) { line in
      number += 1
      let words =
        isTable
        ? line.split(separator: UInt8(ascii: "\t"), maxSplits: 3, omittingEmptySubsequences: false)
        : [line[...]]
      let texts = words.compactMap { word in
        String(validating: UnsafeRawBufferPointer(rebasing: word), as: UTF8.self)
      }
      func fail(_ expected: String) -> InputError {
        let start = line.prefix(60)
        return InputError(
          file: path, field: "line \(number)", expected: expected,
          found: "'\(PathText.text(of: UnsafeRawBufferPointer(rebasing: start)))'")
      }
      guard texts.count == words.count else { throw fail("UTF-8") }
      guard isTable else {
        labels[number - 1] = Label(identifier: texts[0], name: texts[0])
        return
      }
      guard texts.count == 3, let index = Int(texts[0]), labels.indices.contains(index),
        labels[index] == nil
      else {
        throw fail("index<TAB>identifier<TAB>name, each index below \(count) once")
      }
      labels[index] = Label(identifier: texts[1], name: texts[2])
    }
    return labels.compactMap(\.self)
  }

  /// Calls `body` with each line that is not empty; lines end with LF, CR or both.
  private static func forEachLine(
    of bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws -> Void
  ) rethrows {
    // A mark of the byte order is no part of the first line.
    var rest = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes[3...] : bytes[...]
    while !rest.isEmpty {
      let end =
        rest.firstIndex { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") } ?? rest.endIndex
      if end > rest.startIndex {
        try body(UnsafeRawBufferPointer(rebasing: rest[..<end]))
      }
      rest = rest[min(end + 1, rest.endIndex)...]
    }
  }
}
