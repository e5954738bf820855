internal import Tensors
internal import ViTRuntime

extension Classifier {
  /// Reads, resizes and crops a picture.
  /// - Parameter budget: memory that pictures which are prepared at the same time share.
  func prepare(_ path: String, _ options: PictureOptions, budget: MemoryBudget? = nil) throws
    -> Preprocessing.Preparation
  {
    try preprocessing.prepare(
      path: path, orientation: options.exif.orientation, maximumPixels: options.maxPixels,
      budget: budget)
  }
}
