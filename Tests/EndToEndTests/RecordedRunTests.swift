import CLibrary
import Kernels
import ModelFacts
import ModelGraph
import PlanFormat
import Tensors
import TestSupport
import Testing
import ViTCompiler

/// Logits to the bit, work and tokens as they were recorded, so that a change of any of them is seen where
/// none was meant.
///
/// With `VITC_RECORD=1` in the environment they are recorded anew, as far as this processor runs the kernels;
/// what is recorded of the others stays as it is.
@Suite(.serialized) struct RecordedRunTests {
  /// Those whose bits no processor decides: not `avx2`, `avx512` and `neon`, which choose how they multiply.
  static let choices = [
    "portable", "avx2-direct", "avx2-paired", "avx512-direct", "avx512-paired", "neon-direct",
    "neon-paired",
  ]

  /// A model as it is run.
  struct Case: Sendable, CustomStringConvertible {
    let form: SmallModel.Form
    let rewrite: String
    let recipe: RewriteRecipe
    var weights = PlanCompiler.WeightStorage.float32

    var description: String { "\(form), \(rewrite)" }
  }

  static let cases: [Case] = SmallModel.forms.flatMap { form in
    var sizeAware = RewriteRecipe()
    (sizeAware.strategy, sizeAware.isSizeAware) = ("drop", true)
    sizeAware.stages = [.init(block: 0, keepRate: 0.7), .init(block: 2, keepRate: 0.5)]
    let rewrites =
      PlanAgreementTests.rewrites.map { ($0.description, $0.recipe) }
      + [("size-aware drop", sizeAware)]
    var cases: [Case] = rewrites.compactMap { name, recipe in
      guard form.hasMultiScale || !recipe.isMultiScale else { return nil }
      return Case(form: form, rewrite: name, recipe: recipe)
    }
    sizeAware.strategy = "merge"
    cases.append(
      Case(form: form, rewrite: "float16, size-aware merge", recipe: sizeAware, weights: .float16))
    cases.append(
      Case(form: form, rewrite: "int8, size-aware merge", recipe: sizeAware, weights: .int8))
    return cases
  }

  static let isRecording = getenv("VITC_RECORD") != nil

  @Test(arguments: choices)
  func bitsAreTheRecordedOnes(name: String) throws {
    var table = try RecordedTable()
    guard let choice = KernelSelection.choices.first(where: { $0.name == name }) else {
      return try skip("this processor does not run \(name)")
    }
    guard Self.isRecording || table.has(name) else { return try skip("\(name) has no record") }
    let folder = try TemporaryFolder()
    for `case` in Self.cases {
      let plan = try plan(of: `case`, in: folder)
      let images = 3
      let input = try SmallModel(`case`.form, in: folder).input(images: images)
      let hashes = try [1, images].map { batch in
        let logits = try BatchRun.logits(
          plan, input, images: images, batch: batch, threads: 2, kernels: choice)
        return logits.joined().map(\.bitPattern).withUnsafeBytes { XXH64.hash($0) }
      }
      #expect(hashes[0] == hashes[1], "\(`case`): batches of 1 and \(images)")
      check(hexadecimal(hashes[0]), name, of: `case`, &table)
    }
    if Self.isRecording { try table.write() }
  }

  @Test func workAndTokensAreTheRecordedOnes() throws {
    var table = try RecordedTable()
    let folder = try TemporaryFolder()
    for `case` in Self.cases {
      let plan = try PlanFile(path: try plan(of: `case`, in: folder))
      check("\(plan.program.multiplyAdds)", "multiply_adds", of: `case`, &table)
      check("\(plan.program.executedMultiplyAdds)", "executed", of: `case`, &table)
      check(try tokens(plan), "tokens", of: `case`, &table)
    }
    if Self.isRecording { try table.write() }
  }

  /// Compares with the table, or records in it.
  private func check(_ value: String, _ column: String, of case: Case, _ table: inout RecordedTable)
  {
    if Self.isRecording {
      table.set(value, column, of: "\(`case`)")
    } else {
      let recorded = table.value(column, of: "\(`case`)") ?? "nothing"
      #expect(value == recorded, "\(`case`): \(column)")
    }
  }

  /// The path of a case's plan.
  private func plan(of case: Case, in folder: TemporaryFolder) throws -> String {
    let dense = folder.file("dense.bin")
    try SmallModel(`case`.form, in: folder).convert(to: dense, weights: `case`.weights)
    guard !`case`.recipe.isEmpty else { return dense }
    let rewritten = folder.file("rewritten.bin")
    try PlanCompiler.rewrite(try PlanFile(path: dense), recipe: `case`.recipe, to: rewritten)
    return rewritten
  }

  /// Tokens behind each block: `17 13 13 8`, the first before any.
  private func tokens(_ plan: PlanFile) throws -> String {
    let blocks = try PlanCompiler.executableGraph(of: plan).blockSummaries()
    let counts = (blocks.first.map { [$0.tokensIn] } ?? []) + blocks.map(\.tokensOut)
    return counts.map(String.init).joined(separator: " ")
  }

  private func hexadecimal(_ hash: UInt64) -> String {
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}

/// The committed table: a line for each case, a column for each kind of number.
private struct RecordedTable {
  private static let path = "Tests/Fixtures/recorded/runs.tsv"

  private let columns = ["multiply_adds", "executed", "tokens"] + RecordedRunTests.choices
  private var rows: [String: [String: String]] = [:]

  init() throws {
    guard FileIdentity(path: Self.path) != nil else { return }
    let text = try MappedFile(path: Self.path).withBytes { String(decoding: $0, as: UTF8.self) }
    let lines = text.split(separator: "\n").map {
      $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    }
    guard let head = lines.first else { return }
    for line in lines.dropFirst() {
      try #require(line.count == head.count, "a column of \(line[0]) is missing")
      for (column, value) in zip(head, line).dropFirst() where !value.isEmpty {
        rows[line[0], default: [:]][column] = value
      }
    }
  }

  /// Whether anything was recorded in a column.
  func has(_ column: String) -> Bool { rows.values.contains { $0[column] != nil } }

  func value(_ column: String, of row: String) -> String? { rows[row]?[column] }

  mutating func set(_ value: String, _ column: String, of row: String) {
    rows[row, default: [:]][column] = value
  }

  /// Writes the cases that there are, in their order, and the columns that have anything.
  func write() throws {
    let columns = columns.filter(has)
    let lines = RecordedRunTests.cases.map(\.description).map { name in
      ([name] + columns.map { rows[name]?[$0] ?? "" }).joined(separator: "\t")
    }
    let text = ([(["case"] + columns).joined(separator: "\t")] + lines).joined(separator: "\n")
    let file = try #require(fopen(Self.path, "w"))
    defer { fclose(file) }
    fputs(text + "\n", file)
  }
}
