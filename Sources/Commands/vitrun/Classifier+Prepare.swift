internal import Tensors
internal import ViTRuntime

extension Classifier {
  /// Reads, resizes and crops an image.
  /// - Parameter budget: memory that images which are prepared at the same time share.
  func prepare(_ path: String, _ options: ImageOptions, budget: MemoryBudget? = nil) throws
    -> Preprocessing.Preparation
  {
    try preprocessing.prepare(
      path: path, orientation: options.exif.orientation, maximumPixels: options.maxPixels,
      budget: budget)
  }
}
