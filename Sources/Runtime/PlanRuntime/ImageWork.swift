/// What one image took of a plan by which images keep different numbers of tokens.
public struct ImageWork: Sendable, Equatable {
  /// Tokens behind each stage, in order of blocks; those in front of the patch tokens are among them.
  public let tokens: [Int]

  /// Multiply-adds that were executed.
  public let multiplyAdds: Int

  package init(tokens: [Int], multiplyAdds: Int) {
    (self.tokens, self.multiplyAdds) = (tokens, multiplyAdds)
  }
}
