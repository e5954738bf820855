/// The fixed part of the plan format; `formats/plan.md` is its specification.
package enum PlanLayout {
  /// The first 8 bytes.
  package static let magic: [UInt8] = Array("VITPLAN\u{0}".utf8)

  /// The version that this program writes, and the only one that it reads.
  package static let version: UInt32 = 2

  /// Reads back as itself only on a machine, or through a reader, of little-endian byte order.
  package static let byteOrder: UInt32 = 0x0102_0304

  /// Bytes of the header.
  package static let headerSize = 64

  /// Bytes of an entry of the section table.
  package static let entrySize = 32

  /// Where the weights begin: one page, so that they can be mapped and copied as whole pages.
  package static let weightsOffset = 4096

  /// Alignment of sections and constants.
  package static let alignment = 64

  /// `value` rounded up to the next multiple of ``alignment``.
  package static func aligned(_ value: Int) -> Int {
    (value + alignment - 1) / alignment * alignment
  }
}

/// The sections of a plan, each there once, in this order in the section table; those with a feature in plans
/// that list it alone.
package enum SectionKind: UInt32, CaseIterable, Sendable {
  case weights = 1
  case facts = 2
  case labels = 3
  case constants = 4
  case programs = 5
  case graph = 6
  case origin = 7
  case cascade = 8
  case details = 9
  case patches = 10

  /// The feature that a plan lists which has the section; nil for those that every plan has.
  package var feature: PlanFeature? {
    switch self {
    case .cascade: .cascade
    case .details: .details
    case .patches: .patches
    case .weights, .facts, .labels, .constants, .programs, .graph, .origin: nil
    }
  }
}

/// An entry of the section table.
package struct Section: Sendable, Equatable {
  package var kind: SectionKind
  package var offset: Int
  package var byteCount: Int

  /// XXH64 of the section's bytes; 0 for the weights, whose constants have checksums of their own.
  package var checksum: UInt64
}
