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
    case memory
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

  /// The tensors by name; of an ONNX model, its initializers.
  public let tensors: [String: TensorView]

  /// The model whose nodes say what the tensors mean; nil for formats that hold only tensors.
  package let onnx: ONNXModel?

  /// `config.json`, or of open_clip's tensors `open_clip_config.json`, if there is one.
  public let config: Companion?

  /// `preprocessor_config.json`, or the `processor_config.json` that has an image processor, if there is one; beside an
  /// `open_clip_config.json` they are of another file.
  public let preprocessorConfig: Companion?

  /// What safetensors metadata say under `token_reduction`: JSON, which the importer reads.
  package let tokenReduction: String?

  /// The files that were opened.
  public let sources: [MappedFile]
}

extension Checkpoint {
  /// Tensors that a caller has in memory.
  /// - Parameters:
  ///   - name: what errors call them.
  ///   - config: as ``config``.
  package init(named name: String, tensors: [String: TensorView], config: Companion? = nil) {
    self.init(
      path: name, format: .memory, tensors: tensors, onnx: nil, config: config,
      preprocessorConfig: nil, tokenReduction: nil, sources: [])
  }

  /// Opens a checkpoint, recognised by its content: a safetensors file, the `*.index.json` of a
  /// sharded one, a NumPy archive, an ONNX model, or a folder that holds a checkpoint and its configuration.
  /// - Throws: `InputError` if it is none of these, with the remedy for kinds that can be converted.
  public static func open(_ path: String) throws -> Checkpoint {
    if let folder = CheckpointFolder(path: path) {
      try folder.requireNoAdapter()
      return try openFile(MappedFile(path: folder.checkpoint()), named: path, besides: folder)
    }
    if isHubName(path) {
      throw InputError(
        .unreadableFile, file: path, field: "file", expected: "a file or folder",
        found: "none; if this is a model of the Hugging Face hub, fetch it first with: "
          + "hf download \(path) --local-dir FOLDER, and convert that folder")
    }
    return try open(MappedFile(path: path))
  }

  /// Whether it is no path but has the form of a hub's name for a model, OWNER/NAME.
  private static func isHubName(_ path: String) -> Bool {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    let punctuation: Set<Character> = ["-", "_", "."]
    let isName = parts.allSatisfy { part in
      part.first.map { $0 != "." && $0 != "-" } ?? false
        && part.allSatisfy {
          $0.isASCII && ($0.isLetter || $0.isNumber || punctuation.contains($0))
        }
    }
    return parts.count == 2 && isName && !FileSystem.exists(path)
      && !FileSystem.isFolder(String(parts[0]))
  }

  /// Opens a checkpoint of one file.
  package static func open(_ file: MappedFile) throws -> Checkpoint {
    try openFile(file, named: file.path, besides: CheckpointFolder(containing: file.path))
  }

  private static func openFile(
    _ mapped: MappedFile, named path: String, besides folder: CheckpointFolder
  ) throws -> Checkpoint {
    let format: Format
    let tensors: [String: TensorView]
    var onnx: ONNXModel?
    var tokenReduction: String?
    var sources = [mapped]
    switch try FileKind.recognise(mapped) {
    case .safetensors:
      format = .safetensors
      let file = try SafeTensorsFile(mapped)
      tensors = file.tensors
      tokenReduction = file.metadata[SafeTensorsMetadata.tokenReduction]
    case .json:
      format = .shardedSafetensors
      let index = try SafeTensorsIndex(mapped, folder: folder.path)
      tensors = index.tensors
      tokenReduction = index.tokenReduction
      sources += index.shards
    case .zip:
      format = .npz
      tensors = try NPZFile(mapped).tensors
    case .onnx:
      format = .onnx
      let model = try ONNXModel(mapped)
      onnx = model
      tensors = model.graph.initializers
      sources += model.externalFiles
    }
    let isOpenCLIP = onnx == nil && tensors.keys.contains { $0.hasPrefix("visual.") }
    let own = isOpenCLIP ? try folder.companion("open_clip_config.json") : nil
    return Checkpoint(
      path: path, format: format, tensors: tensors, onnx: onnx,
      config: try own ?? folder.companion("config.json"),
      preprocessorConfig: own == nil ? try folder.imageProcessor() : nil,
      tokenReduction: tokenReduction, sources: sources)
  }
}
