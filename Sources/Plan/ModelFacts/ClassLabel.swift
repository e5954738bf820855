package import Records

/// One class's names; `Label` where plans are read.
package struct ClassLabel: Record, Equatable {
  /// Identifier that folders and file names use, e.g. a WordNet id.
  package var identifier = ""

  /// Name for people.
  package var name = ""

  package init() {}

  package init(identifier: String, name: String) {
    self.identifier = identifier
    self.name = name
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("identifier", &identifier)
    try coder.code("name", &name)
  }
}
