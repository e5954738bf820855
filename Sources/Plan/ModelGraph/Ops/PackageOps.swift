package import Records

/// Which patch tokens an image keeps where the others become one package token (SP-ViT). Operand: scores `[1, N]`.
/// Results: kept `[N]`, ascending, the new position of each old token, `[N]`, which is that behind all that are kept for
/// one that is not, and how many of the N places of kept are not in use, `[1]`.
///
/// Kept are the tokens whose score reaches 0, and the last `packages` of those in use, which are packages themselves.
package struct PackagePartition: OpAttributes, ConstantFree, Uncounted {
  package static let kind = OpKind.packagePartition

  /// N, the patch tokens and packages.
  package var patches = 0

  /// How many of them are packages.
  package var packages = 0

  package init() {}

  package init(patches: Int, packages: Int) {
    self.patches = patches
    self.packages = packages
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("patches", &patches)
    try coder.code("packages", &packages)
  }

  package var op: Op { .packagePartition(self) }

  package var isOfBaseGraph: Bool { false }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.count(1)
    try check.that(
      (1...(1 << 24)).contains(patches), "1 patch token or more, found \(patches)")
    let unused = try check.rows(0, tokensAlong: .columns).unused
    try check.rows(0, are: 1, patches, unused: unused)
    try check.that(
      (0...patches).contains(packages) && (unused?.most ?? 0) <= patches - packages,
      "packages that are in use, found \(packages) of \(check.operands[0])")
    return check.kept(patches, atLeast: packages, countedBy: 2, of: unused)
      + [.indices(count: 1)]
  }
}

/// The largest value of each column over the rows that are in use but the last `packages`; 0 without such a row.
package struct PatchMax: OpAttributes, ConstantFree, Uncounted {
  package static let kind = OpKind.patchMax

  package var packages = 0

  package init() {}

  package init(packages: Int) { self.packages = packages }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("packages", &packages)
  }

  package var op: Op { .patchMax(self) }

  package var isOfBaseGraph: Bool { false }

  package func infer(_ check: OperandCheck) throws -> [ValueType] {
    try check.count(1)
    let (count, width, unused) = try check.rows(0, tokensAlong: .rows)
    try check.that(
      (0...count).contains(packages) && (unused?.most ?? 0) <= count - packages,
      "packages that are in use, found \(packages) of \(check.operands[0])")
    return [.rows(count: 1, width: width)]
  }
}
