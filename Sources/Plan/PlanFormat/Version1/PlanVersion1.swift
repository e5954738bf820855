internal import Records
package import Tensors

/// A plan of version 1, which vitc 0.1 wrote: what it says of its model. Its program and its graph are of steps
/// and nodes that there are no longer.
package struct PlanVersion1: Sendable {
  /// The name that errors use.
  package let path: String

  /// Bytes of the file.
  package let byteCount: Int

  /// What the model is.
  package let facts: FactsVersion1

  /// Reads a plan whose header says version 1; nil for every other file, which ``PlanFile`` opens or refuses.
  /// - Parameter mapping: false reads the file into memory instead of mapping it.
  /// - Throws: `InputError` if the file cannot be read or is damaged.
  package init?(path: String, mapping: Bool = true) throws {
    guard !FileSystem.isFolder(path) else { return nil }
    let mapped = try MappedFile(path: path, mapping: mapping)
    let facts: FactsVersion1? = try mapped.withBytes { bytes in
      guard PlanHead.version(of: bytes) == 1 else { return nil }
      let sections = try PlanHead.sections(of: bytes, file: path, version: 1)
      let place = sections[.facts].map { $0.offset..<$0.offset + $0.byteCount } ?? 0..<0
      return try RecordReader.read(
        FactsVersion1.self, from: UnsafeRawBufferPointer(rebasing: bytes[place]), file: path,
        section: "\(SectionKind.facts)")
    }
    guard let facts else { return nil }
    try facts.verify(file: path)
    self.path = path
    self.facts = facts
    byteCount = mapped.count
  }

  /// What everything but a look at it is answered with.
  package var refusal: InputError { PlanHead.refusal(ofVersion: 1, file: path) }
}
