internal import ArgumentParser
internal import CommandSupport
internal import ViTRuntime

/// Options of every command that labels images with a cascade.
struct CascadeOptions: ParsableArguments {
  @Option(
    help: """
      A second plan, which answers where the first is not sure; with --margin. A combined plan has its own.
      """)
  var fallback: String?

  @Option(
    help: """
      An image goes on to the fallback where the two largest probabilities differ by less than this, \
      0 to 1; by default what a combined plan says.
      """)
  var margin: Double?

  func validate() throws {
    guard fallback == nil || margin != nil else {
      throw ValidationError("--fallback and --margin go together")
    }
    if let margin, !(0...1).contains(margin) {
      throw ValidationError("--margin: expected 0 to 1, found \(margin)")
    }
  }

  /// Prepares to run a plan, with its fallback if it has one.
  func model(of plan: Plan, maximumBatch: Int, _ execution: RunOptions) throws -> Model {
    if plan.fallback != nil {
      guard fallback == nil else { throw Self.hasItsOwn(plan) }
    } else {
      guard margin == nil || fallback != nil else {
        throw ValidationError("--fallback and --margin go together")
      }
    }
    return try Model(
      plan, fallback: try fallback.map { try execution.plan($0, named: "--fallback") },
      margin: margin, maximumBatch: maximumBatch, execution)
  }

  /// What is said of a fallback for a combined plan.
  static func hasItsOwn(_ plan: Plan) -> ValidationError {
    ValidationError("--fallback: \(plan.path) is a combined plan, which has its own")
  }
}
