public import JSON
public import Tensors

/// Named tensors out of one checkpoint, whatever its format, and the configuration beside it.
public struct Checkpoint: Sendable {
  /// What the bytes are.
  public enum Format: String, Sendable {
    case safetensors
    case shardedSafetensors = "sharded safetensors"
    case npz
    case onnx
  }

  /// A configuration file that lies beside the checkpoint.
  public struct Companion: Sendable {
    /// Its path.
    public let path: String

    /// Its contents.
    public let json: JSONValue

    /// A configuration from elsewhere.
    public init(path: String, json: JSONValue) {
      self.path = path
      self.json = json
    }
  }

  /// The path as the user named it.
  public let path: String

  /// What the bytes are.
  public let format: Format

  /// The tensors by name.
  public let tensors: [String: TensorView]

  /// `config.json`, if there is one.
  public let config: Companion?

  /// `preprocessor_config.json`, if there is one.
  public let preprocessorConfig: Companion?

  /// The files that were opened.
  public let sources: [MappedFile]
}

extension Checkpoint {
  /// Opens a checkpoint, recognised by its content: a safetensors file, the `*.index.json` of a
  /// sharded one, a NumPy archive, or a folder that holds a checkpoint and its configuration.
  /// - Throws: `InputError` if it is none of these, with the remedy for kinds that can be converted.
  public static func open(_ path: String) throws -> Checkpoint {
    if let folder = CheckpointFolder(path: path) {
      return try openFile(try folder.checkpoint(), named: path, besides: folder)
    }
    return try openFile(path, named: path, besides: CheckpointFolder(containing: path))
  }

  private static func openFile(
    _ file: String, named path: String, besides folder: CheckpointFolder
  ) throws -> Checkpoint {
    let mapped = try MappedFile(path: file)
    let format: Format
    let tensors: [String: TensorView]
    var sources = [mapped]
    switch try FileKind.recognise(mapped) {
    case .safetensors:
      format = .safetensors
      tensors = try SafeTensorsFile(mapped).tensors
    case .json:
      format = .shardedSafetensors
      let index = try SafeTensorsIndex(mapped, folder: folder.path)
      tensors = index.tensors
      sources += index.shards
    case .zip:
      format = .npz
      tensors = try NPZFile(mapped).tensors
    case .onnx:
      throw InputError(
        file: file, field: "file", expected: "safetensors or NumPy .npz", found: "an ONNX file")
    }
    return Checkpoint(
      path: path, format: format, tensors: tensors,
      config: try folder.companion("config.json"),
      preprocessorConfig: try folder.companion("preprocessor_config.json"), sources: sources)
  }
}
