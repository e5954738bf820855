public import Tensors

/// What a caller can say about the ONNX model that is made of a plan.
public struct ExportOptions: Sendable {
  /// The version of ONNX's operators, ``opsets``.
  public var opset = 17

  /// How many images the model takes at once.
  public var batch = Batch.fixed(1)

  /// Exports the model as it was before it was rewritten.
  public var isBase = false

  /// Exports the program of a combined plan that answers where the first one is not sure.
  public var isFallback = false

  /// Writes the weights to a file of their own, beside the model. One above 2 GB always has one.
  public var hasExternalData = false

  /// Writes weights of int8 as the float32 numbers that they stand for, and multiplies rows as they are.
  public var dequantizes = false

  /// How many images a model takes.
  public enum Batch: Sendable, Equatable {
    /// So many.
    case fixed(Int)

    /// Any number.
    case dynamic
  }

  /// The versions that can be written. The first has LayerNormalization; from 20 on Gelu is one operator.
  public static let opsets = 17...23

  /// The most images of a fixed number.
  public static let largestBatch = 65536

  /// One image, opset 17.
  public init() {}

  /// Throws unless the values are possible.
  package func check() throws {
    guard Self.opsets.contains(opset) else {
      throw InputError(
        option: ExportOption.opset, field: "\(opset)",
        expected: "\(Self.opsets.lowerBound) to \(Self.opsets.upperBound)", found: "\(opset)")
    }
    if case .fixed(let count) = batch, !(1...Self.largestBatch).contains(count) {
      throw InputError(
        option: ExportOption.batch, field: "\(count)", expected: "1 to \(Self.largestBatch) images",
        found: "\(count)")
    }
  }
}

/// What errors call the parts of ``ExportOptions``.
public enum ExportOption: String, InputOption {
  case opset, batch
}
