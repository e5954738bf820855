package import PlanFormat
internal import Records
internal import Tensors

/// Makes a changed plan's checksums right again, so that what is behind them is reached.
package enum PlanSeal {
  /// Recomputes every checksum that can be found, and the file's size.
  package static func seal(_ plan: inout [UInt8]) {
    guard plan.count >= PlanLayout.weightsOffset else { return }
    sealConstants(&plan)
    for kind in kinds(in: plan) where kind != .weights {
      if let range = range(of: kind, in: plan) {
        store(XXH64.hash(Array(plan[range])), at: entry(kind, in: plan) + 24, in: &plan)
      }
    }
    store(UInt64(plan.count), at: 16, in: &plan)
    let tableEnd = PlanLayout.headerSize + sectionCount(of: plan) * PlanLayout.entrySize
    store(XXH64.hash(Array(plan[PlanLayout.headerSize..<tableEnd])), at: 32, in: &plan)
    store(XXH64.hash(Array(plan[..<56])), at: 56, in: &plan)
  }

  /// The plan with one section's bytes replaced and those behind it moved, sealed.
  package static func plan(_ plan: [UInt8], with section: [UInt8], as kind: SectionKind) -> [UInt8]
  {
    var result = Array(plan[..<PlanLayout.weightsOffset])
    for other in kinds(in: plan) {
      let old = range(of: other, in: plan).map { Array(plan[$0]) } ?? []
      let bytes = other == kind ? section : old
      store(UInt64(result.count), at: entry(other, in: plan) + 8, in: &result)
      store(UInt64(bytes.count), at: entry(other, in: plan) + 16, in: &result)
      let padding = PlanLayout.aligned(bytes.count) - bytes.count
      result += bytes + [UInt8](repeating: 0, count: padding)
    }
    seal(&result)
    return result
  }

  private static func sectionCount(of plan: [UInt8]) -> Int {
    Int(min(load(24, from: plan) & 0xFFFF_FFFF, UInt64(SectionKind.allCases.count)))
  }

  /// The sections that a plan has, as its table says.
  private static func kinds(in plan: [UInt8]) -> [SectionKind] {
    (0..<sectionCount(of: plan)).compactMap { place in
      let code = load(PlanLayout.headerSize + place * PlanLayout.entrySize, from: plan)
      return SectionKind(rawValue: UInt32(truncatingIfNeeded: code))
    }
  }

  /// Where the section table says that a section lies, if there is one and that is inside the file.
  package static func range(of kind: SectionKind, in plan: [UInt8]) -> Range<Int>? {
    guard plan.count >= PlanLayout.weightsOffset, kinds(in: plan).contains(kind),
      let offset = Int(exactly: load(entry(kind, in: plan) + 8, from: plan)),
      let count = Int(exactly: load(entry(kind, in: plan) + 16, from: plan)),
      offset <= plan.count, count <= plan.count - offset
    else { return nil }
    return offset..<offset + count
  }

  /// Replaces the constant table's checksums, if the table can be read.
  private static func sealConstants(_ plan: inout [UInt8]) {
    guard let table = range(of: .constants, in: plan), let weights = range(of: .weights, in: plan),
      var constants = plan.withUnsafeBytes({ bytes in
        try? RecordReader.read(
          ConstantTable.self, from: UnsafeRawBufferPointer(rebasing: bytes[table]), file: "plan",
          section: "constants")
      })?.constants
    else { return }
    for index in constants.indices {
      let (offset, count) = (constants[index].offset, constants[index].byteCount)
      guard offset >= 0, count >= 0, offset <= weights.count, count <= weights.count - offset
      else { continue }
      let bytes = Array(plan[weights][(weights.lowerBound + offset)...].prefix(count))
      constants[index].checksum = Int(bitPattern: UInt(XXH64.hash(bytes)))
    }
    guard let bytes = try? RecordWriter.bytes(of: ConstantTable(constants)),
      bytes.count == table.count
    else { return }
    plan.replaceSubrange(table, with: bytes)
  }

  private static func entry(_ kind: SectionKind, in plan: [UInt8]) -> Int {
    let place = kinds(in: plan).firstIndex(of: kind) ?? Int(kind.rawValue) - 1
    return PlanLayout.headerSize + place * PlanLayout.entrySize
  }

  private static func load(_ offset: Int, from plan: [UInt8]) -> UInt64 {
    plan.withUnsafeBytes {
      UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }
  }

  private static func store(_ value: UInt64, at offset: Int, in plan: inout [UInt8]) {
    plan.withUnsafeMutableBytes {
      $0.storeBytes(of: value.littleEndian, toByteOffset: offset, as: UInt64.self)
    }
  }
}
