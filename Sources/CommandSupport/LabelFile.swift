package import PlanFormat
internal import Tensors

/// Reads class names from a text file.
package enum LabelFile {
  private static let maximumBytes = 16 << 20

  /// What a file or standard input holds, if it is text.
  private static func text(_ path: String) throws -> String? {
    if path == "-" {
      return String(validating: try NamedFile.standardInput(limit: maximumBytes), as: UTF8.self)
    }
    let file = try MappedFile(path: path)
    guard file.count <= maximumBytes else { return nil }
    return file.withBytes { String(validating: $0, as: UTF8.self) }
  }

  /// Labels by class; `-` is standard input. Lines are `index<TAB>identifier<TAB>name`, or names alone in order of classes.
  /// - Throws: `InputError` naming the line.
  package static func read(path: String) throws -> [Label] {
    guard let text = try text(path) else {
      throw InputError(
        file: path, field: "text", expected: "at most 16 MiB of UTF-8", found: "other bytes")
    }
    let lines = text.split(whereSeparator: \.isNewline)
    guard lines.first?.contains("\t") == true else {
      return lines.map { Label(identifier: String($0), name: String($0)) }
    }
    var labels = [Label?](repeating: nil, count: lines.count)
    for (number, line) in lines.enumerated() {
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
      guard fields.count == 3, let index = Int(fields[0]), labels.indices.contains(index),
        labels[index] == nil
      else {
        throw InputError(
          file: path, field: "line \(number + 1)",
          expected: "index<TAB>identifier<TAB>name, each index below \(lines.count) once",
          found: "'\(line.prefix(60))'")
      }
      labels[index] = Label(identifier: String(fields[1]), name: String(fields[2]))
    }
    return labels.compactMap(\.self)
  }
}
