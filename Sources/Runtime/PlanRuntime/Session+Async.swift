extension Session {
  /// As ``run(images:fill:read:)``, for tasks: batches of a session that are asked for in this way run one after
  /// the other on a thread of its own, and no thread of Swift's concurrency waits meanwhile.
  ///
  /// A batch is not cancelled with its task.
  public func run<R: Sendable>(
    inBackground images: Int,
    fill: @escaping @Sendable (UnsafeMutableBufferPointer<Float>) throws -> Void,
    read: @escaping @Sendable (borrowing RunResult) throws -> R
  ) async throws -> R {
    try await background.run { [self] in try run(images: images, fill: fill, read: read) }
  }
}
