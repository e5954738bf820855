/// Names in a safetensors file's `__metadata__` that are read.
package enum SafeTensorsMetadata {
  /// How the model was trained to have fewer tokens: JSON, as a configuration has it under the same name.
  /// `tools/pth_to_safetensors.py` writes it.
  package static let tokenReduction = "token_reduction"
}
