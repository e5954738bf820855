public import Tensors

/// What errors call the ways to store weights: by their names in ViTCompiler's `PlanCompiler.WeightStorage`.
public enum StorageOption: String, InputOption {
  case float16 = "WeightStorage.float16"
}
