internal import JSON
internal import Tensors

/// A sharded checkpoint: `{"metadata": {...}, "weight_map": {tensor: shard}}`.
struct SafeTensorsIndex {
  let tensors: [String: TensorView]
  let shards: [MappedFile]

  /// What the shards' metadata say under `token_reduction`; those that say nothing do not count.
  let tokenReduction: String?

  /// Reads an index and every shard that it names, relative to `folder`.
  init(_ file: MappedFile, folder: String) throws {
    let path = file.path
    let json = try file.withBytes {
      try JSONParser.parse($0, file: path, maximumValues: SafeTensorsFile.maximumValues)
    }
    guard let map = json["weight_map"]?.members else {
      throw InputError(
        file: path, field: "weight_map", expected: "an object of tensor names and file names",
        found: json["weight_map"]?.kind ?? "nothing; is this the index of a checkpoint?")
    }
    var shardNames: Set<String> = []
    var owners: [String: String] = [:]
    for member in map {
      // By bytes: as a character, a slash before a combining accent is no slash.
      guard let shard = member.value.string, !shard.isEmpty,
        !shard.utf8.contains(UInt8(ascii: "/")), shard != "..", shard != "."
      else {
        throw InputError(
          file: path, field: "weight_map.\(member.name)",
          expected: "the name of a file in the same folder", found: member.value.kind)
      }
      guard owners.updateValue(shard, forKey: member.name) == nil else {
        throw InputError(
          file: path, field: "weight_map.\(member.name)", expected: "each name once",
          found: "it twice")
      }
      shardNames.insert(shard)
    }
    var tensors: [String: TensorView] = [:]
    var shards: [MappedFile] = []
    var tokenReduction: String?
    for name in shardNames.sorted() {
      let mapped = try MappedFile(path: "\(folder)/\(PathText.text(of: name.utf8))")
      shards.append(mapped)
      guard try FileKind.recognise(mapped) == .safetensors else {
        throw InputError(
          file: mapped.path, field: "file", expected: "safetensors", found: "another format")
      }
      let file = try SafeTensorsFile(mapped)
      if let said = file.metadata[SafeTensorsMetadata.tokenReduction] {
        guard tokenReduction == nil || tokenReduction == said else {
          throw InputError(
            .contradiction, file: mapped.path,
            field: "__metadata__.\(SafeTensorsMetadata.tokenReduction)",
            expected: "what the shards before it say", found: "something else")
        }
        tokenReduction = said
      }
      for (tensor, view) in file.tensors {
        guard owners[tensor] == name else {
          throw InputError(
            file: mapped.path, field: tensor,
            expected: owners[tensor].map { "in \($0), as the index says" } ?? "to be in the index",
            found: "it here")
        }
        tensors[tensor] = view
      }
    }
    let missing = owners.keys.filter { tensors[$0] == nil }.sorted()
    guard missing.isEmpty else {
      throw InputError(
        file: path, field: "weight_map", expected: "tensors that are in their shards",
        found: "none for \(missing.prefix(5).joined(separator: ", "))")
    }
    self.tensors = tensors
    self.shards = shards
    self.tokenReduction = tokenReduction
  }
}
