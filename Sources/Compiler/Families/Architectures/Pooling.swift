/// What a classifier reads of the last block's tokens. Only the class token is built yet.
enum Pooling {
  /// What options and configurations may say, and what each is called.
  static let words: [(word: String, title: String)] = [
    ("token", "the class token"), ("avg", "average pooling"), ("max", "max pooling"),
    ("avgmax", "average and max pooling"), ("map", "attention pooling"),
    ("prr", "PiT-RR pooling"), ("none", "an output without pooling"),
    ("", "an output without pooling"),
  ]

  /// What is missing for a pooling; nil for the class token.
  static func refusal(_ word: String) -> String? {
    guard word != "token" else { return nil }
    return words.first { $0.word == word }?.title ?? "the pooling '\(word)'"
  }
}
