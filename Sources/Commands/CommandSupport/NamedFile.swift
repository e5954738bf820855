internal import Tensors

/// `-`, which is standard input or output where a file is named, or is refused.
package enum NamedFile {
  /// Throws if the argument called `name` is `-`: plans and checkpoints are mapped and appear whole or
  /// not at all, which streams do not.
  package static func check(_ path: String, _ name: String) throws {
    guard path == "-" else { return }
    throw InputError(
      file: "-", field: name, expected: "a file's name, or ./- for a file that is called -",
      found: "a stream, for which - stands")
  }
}
