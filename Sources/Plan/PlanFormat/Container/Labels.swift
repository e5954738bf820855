package import Records

/// The classes' names.
package struct Labels: Record, Equatable {
  /// Label of each class by its index; empty when none were given.
  package var names: [Label] = []

  package init() {}

  package init(_ names: [Label]) { self.names = names }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("labels", list: &names)
  }
}

/// One class's names.
package struct Label: Record, Equatable {
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

/// The constant table.
package struct ConstantTable: Record {
  package var constants: [ConstantRecord] = []

  package init() {}

  package init(_ constants: [ConstantRecord]) { self.constants = constants }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("constants", list: &constants)
  }
}
