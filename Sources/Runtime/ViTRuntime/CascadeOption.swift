public import Tensors

/// What errors call the parameters of a ``Cascade``: by their names there.
public enum CascadeOption: String, InputOption {
  case margin
}
