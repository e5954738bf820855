internal import JSON
internal import Tensors

/// The folder that a checkpoint lies in.
struct CheckpointFolder {
  let path: String

  /// The folder at `path`; nil if that is no folder.
  init?(path: String) {
    guard FileSystem.isFolder(path) else { return nil }
    self.path = path
  }

  /// The folder that a file lies in.
  init(containing file: String) {
    guard let slash = file.utf8.lastIndex(of: UInt8(ascii: "/")) else {
      path = "."
      return
    }
    path = slash == file.startIndex ? "/" : String(file[..<slash])
  }

  /// The one checkpoint in the folder.
  func checkpoint() throws -> String {
    let names = [
      "model.safetensors", "model.safetensors.index.json", "pytorch_model.safetensors",
      "model.onnx", "model.npz", "onnx/model.onnx",
    ]
    for name in names where exists(name) { return "\(path)/\(name)" }
    let entries = try FileSystem.names(in: path).sorted()
    let indexes = entries.filter { $0.hasSuffix(".safetensors.index.json") }
    let files = entries.filter {
      $0.hasSuffix(".safetensors") || $0.hasSuffix(".onnx") || $0.hasSuffix(".npz")
    }
    // Beside an index, the other files are its shards.
    let candidates = indexes.isEmpty ? files : indexes
    if candidates.count == 1, let only = candidates.first { return "\(path)/\(only)" }
    let isOpenVINO = entries.contains { $0.hasSuffix(".xml") }
    let pickle = entries.first { name in
      [".bin", ".pth", ".pt"].contains(where: name.hasSuffix) && !isOpenVINO
    }
    let remedy =
      pickle.map { "; convert \($0) with: tools/pth_to_safetensors.py \(path)/\($0)" }
      ?? (isOpenVINO
        ? "; of an OpenVINO IR, convert the ONNX model or checkpoint that it was made from" : nil)
    throw InputError(
      file: path, field: "folder", expected: "one checkpoint, e.g. model.safetensors",
      found: candidates.isEmpty ? "none" + (remedy ?? "") : candidates.joined(separator: ", "))
  }

  /// A configuration file in the folder, if it is there. A hub's folder `onnx` has none of its own: those
  /// of the folder above are meant.
  func companion(_ name: String) throws -> Checkpoint.Companion? {
    if exists(name) { return try Checkpoint.Companion(readingFrom: "\(path)/\(name)") }
    guard path == "onnx" || path.hasSuffix("/onnx") else { return nil }
    let above = path == "onnx" ? "." : String(path.dropLast("/onnx".count))
    let file = "\(above.isEmpty ? "" : above)/\(name)"
    return FileSystem.exists(file) ? try Checkpoint.Companion(readingFrom: file) : nil
  }

  /// transformers' image processor, in the file in which it is looked for first: that of a processor of images and
  /// texts, then its own.
  func imageProcessor() throws -> Checkpoint.Companion? {
    if let both = try companion("processor_config.json"), both.json["image_processor"] != nil {
      return both
    }
    return try companion("preprocessor_config.json")
  }

  /// Throws if the folder's checkpoint is not all there is: transformers adds an adapter's weights to it.
  func requireNoAdapter() throws {
    let name = "adapter_config.json"
    guard exists(name) else { return }
    throw InputError(
      .unsupported, file: "\(path)/\(name)", field: "adapter",
      expected: "weights that adapters are merged into, as peft's merge_and_unload() makes them",
      found: "an adapter beside the checkpoint")
  }

  private func exists(_ name: String) -> Bool { FileSystem.exists("\(path)/\(name)") }
}

extension Checkpoint.Companion {
  /// Reads a configuration.
  /// - Throws: `InputError` if it cannot be read or is no JSON.
  public init(readingFrom path: String) throws {
    let mapped = try MappedFile(path: path)
    self.init(path: path, json: try mapped.withBytes { try JSONParser.parse($0, file: path) })
  }

  /// Reads the image processor of transformers in the folder of another file; nil if there is none.
  package init?(imageProcessorBeside file: String) throws {
    guard let found = try CheckpointFolder(containing: file).imageProcessor() else { return nil }
    self = found
  }
}
