internal import Passes
package import PlanFormat
public import Tensors

extension PlanFile {
  /// Throws if the plan is of a model that was trained to have fewer tokens, which another schedule would undo.
  package func requireUntrained() throws {
    let told = facts.provenance.first { $0.key == "method" }?.value
    let own = TrainedMethods.names.contains(recipe.strategy) ? recipe.strategy : nil
    guard let method = told ?? own else { return }
    throw InputError(
      .unsupported, file: path, field: "method",
      expected: "a model that keeps its tokens; the checkpoint can be converted anew with another "
        + "rate or other blocks",
      found: "\(method), which the plan was converted with, and which would be undone")
  }

  /// Throws unless it is a combined plan.
  func requireCascade() throws {
    guard cascade == nil else { return }
    throw InputError(
      file: path, field: Message(option: ProgramOption.isFallback),
      expected: "a combined plan, which holds a dense program too", found: "a plan of one program")
  }
}

/// Which of a plan's programs is asked for.
public enum ProgramOption: String, InputOption {
  /// The dense one of a combined plan.
  case isFallback
}
