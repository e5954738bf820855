internal import CLibrary
internal import ModelGraph
internal import PlanEmitter
package import PlanFormat
public import Tensors

/// What a caller of ``PlanCompiler/quantize(_:keeping:to:)`` can set.
public enum QuantizationOption: String, InputOption {
  /// Names of weights that stay as they are.
  case keptWeights
}

extension PlanCompiler {
  /// Writes a plan that does what another does with its linear layers and its patch embedding in eight bits.
  ///
  /// Their weights become int8, with a scale for each output, and their rows are quantized as they come, each by
  /// its own ends. Attention of more than 16 queries that reads what such a layer makes multiplies queries and keys
  /// of 8 bits, weights and values of 16. Other convolutions, and the layers that logits are made with, stay as they are. A
  /// rewritten plan stays as it was rewritten, and the rewrite of a quantized plan has the same bytes.
  /// - Parameters:
  ///   - plan: the plan's path; of f32 or f16.
  ///   - keptWeights: names of weights that stay as they are too, or patterns with `*`, `?` and `[...]`.
  ///   - path: where the quantized plan goes; never over a file that is open as an input.
  /// - Throws: `InputError` if the plan is quantized already, a name is none of its constants', or the plan cannot
  ///   be written.
  public static func quantize(
    _ plan: String, keeping keptWeights: [String] = [], to path: String
  ) throws {
    try quantize(try PlanFile(path: plan), keeping: keptWeights, to: path)
  }

  /// As the public function.
  /// - Parameter addsOriginals: whether weights that become int8 are there as they were too, for programs that
  ///   choose.
  /// - Returns: the numbers of those, by the numbers of what became int8.
  @discardableResult
  package static func quantize(
    _ plan: PlanFile, keeping keptWeights: [String], addingOriginals addsOriginals: Bool = false,
    to path: String
  ) throws -> [Int: Int] {
    guard !plan.weightElements.contains(.int8) else {
      throw InputError(
        file: plan.path, field: "weights", expected: "a plan of f32 or f16", found: "int8 already")
    }
    var quantized = Set(plan.graph.quantizedConstants().map(\.index))
    for pattern in keptWeights {
      let named = plan.constants.indices.filter { matches(plan.constants[$0].name, pattern) }
      guard !named.isEmpty else {
        throw InputError(
          option: QuantizationOption.keptWeights, field: "\(pattern)",
          expected: "the name of a constant of \(plan.path), or a pattern that one matches",
          found: "none of this name")
      }
      quantized.subtract(named)
    }
    guard !quantized.isEmpty else {
      throw InputError(
        file: plan.path, field: "weights", expected: "a linear layer that becomes int8",
        found: "none")
    }
    return try PlanEmitter.quantize(
      plan, constants: quantized, addsOriginals: addsOriginals, to: path)
  }

  private static func matches(_ name: String, _ pattern: String) -> Bool {
    name == pattern || fnmatch(pattern, name, 0) == 0
  }
}
