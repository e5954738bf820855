public import Tensors

/// What errors call the parameters of ``Preprocessing/crop(path:orientation:maximumPixels:)`` and its like: by
/// their names there.
public enum ImageOption: String, InputOption {
  case maximumPixels
}
