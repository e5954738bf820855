package import ViTCompiler
internal import ViTRuntime

/// What is searched for, and on what.
package struct SearchOptions: Sendable {
  /// What a plan may cost.
  package enum Budget: Sendable, Equatable {
    /// Executed multiply-adds as a share, above 0 and below 1, of the dense model's as papers count them.
    case share(Double)
    /// Milliseconds of an image on this machine, on all threads.
    case milliseconds(Double)
  }

  /// One plan for each.
  package var budgets: [Budget]

  /// How tokens are made fewer.
  package var strategy = RewriteOptions.Strategy.weighted

  /// Whether tokens count by their patches, with strategies that leave it open.
  package var isSizeAware = false

  /// How many of the images are looked at.
  package var count = 64

  /// How many schedules are tried for each budget.
  package var evaluations = 40

  /// The largest image that is decoded, in pixels.
  package var maximumPixels: Int

  /// Decides which images are looked at, and what is tried after what.
  package var seed = 0

  /// Whether images of which the plan is not sure go on to the dense model.
  package var isCascade = false

  /// Threads; nil for one on each processor.
  package var threads: Int?

  /// Whether the model may be larger than a session runs without being asked.
  package var allowsLarge = false

  package init(budgets: [Budget]) {
    self.budgets = budgets
    maximumPixels = ImageDecoder.usualMaximumPixels
  }
}

/// A schedule that was tried.
package struct SearchTrial: Sendable {
  /// Tokens that leave behind the attention of each block.
  package var removed: [Int]

  /// Executed multiply-adds of an image.
  package var multiplyAdds: Int

  /// On the images that were looked at; of a cascade without the dense model's part.
  package var comparison: Comparison

  package init(removed: [Int], multiplyAdds: Int, comparison: Comparison) {
    (self.removed, self.multiplyAdds, self.comparison) = (removed, multiplyAdds, comparison)
  }
}

/// What was found for a budget.
package struct SearchResult: Sendable {
  package var budget: SearchOptions.Budget

  /// The best.
  package var trial: SearchTrial

  /// How many images were looked at.
  package var images: Int

  /// Milliseconds of an image, if the budget is a time.
  package var milliseconds: Double?

  /// When an image goes on to the dense model.
  package struct Cascade: Sendable {
    /// Below this margin.
    package var margin: Double
    /// The share of the folder's images that do, and of how many that is known.
    package var share: Double
    package var images: Int
  }

  package var cascade: Cascade?

  /// How the answers compare, the dense model's part among them.
  package var comparison: Comparison

  /// Executed multiply-adds of an image on average, the dense model's expected part among them.
  package var averageMultiplyAdds: Double

  init(budget: SearchOptions.Budget, trial: SearchTrial, images: Int) {
    self.budget = budget
    self.trial = trial
    self.images = images
    comparison = trial.comparison
    averageMultiplyAdds = Double(trial.multiplyAdds)
  }
}
