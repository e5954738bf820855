internal import Tensors
internal import ViTRuntime

/// What says something of images, in whatever form.
protocol ImageModel: Sendable {
  /// What is said of an image.
  associatedtype Answer: Sendable

  /// How images are read and cropped.
  var preprocessing: Preprocessing { get }

  /// Bytes that an image takes between the steps.
  var arenaBytes: Int { get }

  /// Threads that take part.
  var threadCount: Int { get }

  /// Another one for the same plans, to run at the same time.
  func another(maximumBatch: Int, threadCount: Int) throws -> Self

  /// Waits until every weight's checksum has been compared.
  func waitUntilVerified() throws

  /// What is said of cropped images, in their order.
  /// - Parameter read: gets what the run has left, of several plans the first's.
  func answers(to crops: [RGBImage], read: (borrowing RunResult) throws -> Void) throws -> [Answer]
}

extension Preprocessing {
  /// Reads, resizes and crops an image; `-` is standard input.
  /// - Parameter budget: memory that images which are prepared at the same time share.
  func prepare(_ path: String, _ options: ImageOptions, budget: MemoryBudget? = nil) throws
    -> Preparation
  {
    guard path == "-" else {
      return try prepare(
        path: path, orientation: options.exif.orientation, maximumPixels: options.maxPixels,
        budget: budget)
    }
    let input = try StandardInput.read(limit: ImageDecoder.maximumFileBytes)
    return try withExtendedLifetime(input) {
      try prepare(
        UnsafeRawBufferPointer(input.bytes), file: StandardInput.name,
        orientation: options.exif.orientation, maximumPixels: options.maxPixels, budget: budget)
    }
  }
}
