/// What a classifier reads of the tokens behind the blocks, and what features are.
enum Pooling: String, Sendable, CaseIterable {
  /// The class token's row.
  case token
  /// The mean of the patch tokens' rows.
  case avg
  /// The largest value of each column of the patch tokens' rows.
  case max
  /// Half the sum of both.
  case avgmax
  /// Attention of a learnt query to the patch tokens, with an FFN behind it.
  case map
  /// No pooling: every token's row is a result.
  case none

  /// What options and configurations may say, and what each is called.
  static let words: [(word: String, title: String)] = [
    ("token", "the class token"), ("avg", "average pooling"), ("max", "max pooling"),
    ("avgmax", "average and max pooling"), ("map", "attention pooling"),
    ("prr", "PiT-RR pooling"), ("none", "an output without pooling"),
    ("", "an output without pooling"),
  ]

  /// The pooling of this name; nil for one that is not built.
  init?(word: String) { self.init(rawValue: word.isEmpty ? "none" : word) }

  /// What is missing for a pooling; nil for one that is built.
  static func refusal(_ word: String) -> String? {
    Pooling(word: word) == nil ? title(word) : nil
  }

  /// What a pooling is called.
  static func title(_ word: String) -> String {
    words.first { $0.word == word }?.title ?? "the pooling '\(word)'"
  }
}
