internal import CommandSupport
internal import Tensors

/// Writes arrays where the user wants them.
enum TensorOutput {
  /// Writes an array of float32 as `.npy`; `-` is standard output.
  static func write(_ values: [Float], shape: [Int], to path: String) throws {
    guard path == "-" else { return try NPYFile.write(values, shape: shape, to: path) }
    try CommandLineTool.printBytes(NPYFile.bytes(of: values, shape: shape))
  }
}
