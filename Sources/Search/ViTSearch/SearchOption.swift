public import Tensors

/// The options of a search that errors name.
public enum SearchOption: String, InputOption {
  /// Budgets as shares of the dense model's work.
  case share
  /// A budget in milliseconds.
  case milliseconds
  /// How many images are looked at.
  case count
}
