public import Tensors

/// What errors call the parameters of a ``Session``: by their names there.
public enum SessionOption: String, InputOption {
  case maximumBatch, allowsLarge
}
