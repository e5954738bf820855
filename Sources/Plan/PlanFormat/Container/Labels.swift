package import ModelFacts
package import Records

package typealias Label = ClassLabel

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

/// The constant table.
package struct ConstantTable: Record {
  package var constants: [ConstantRecord] = []

  package init() {}

  package init(_ constants: [ConstantRecord]) { self.constants = constants }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("constants", list: &constants)
  }
}
