internal import CommandSupport
internal import Tensors

/// Writes arrays where the user wants them.
enum TensorOutput {
  /// Writes an array of float32 as `.npy`; `-` is standard output.
  static func write(_ values: ByteBuffer, shape: [Int], to path: String) throws {
    let values = UnsafeBufferPointer(values.elements(of: Float.self))
    guard path == "-" else { return try NPYFile.write(values, shape: shape, to: path) }
    try CommandLineTool.printBytes(NPYFile.header(of: values.count, shape: shape))
    try CommandLineTool.printBytes(UnsafeRawBufferPointer(values))
  }
}
