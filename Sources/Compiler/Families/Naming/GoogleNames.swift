internal import Tensors

/// The names of Google's JAX code (`Transformer/encoderblock_0/...`), of its ViT and big_vision
/// repositories, SigLIP's vision tower among them: kernels are `[in, out]`, those of attention have a head axis. Of
/// big_vision blocks may lie one behind the other in one tensor (`Transformer/encoderblock/...`).
enum GoogleNames: NamingScheme {
  static let title = "Google JAX"
  static let anchors = ["embedding/kernel"]

  static func translate(_ tensors: [String: NamedTensor], file: String) throws -> NamedModel {
    var reader = Reader(tensors: tensors, file: file)
    return try reader.model()
  }

  private struct Reader {
    var tensors: [String: NamedTensor]
    let file: String
    private var result: RenamedTensors

    init(tensors: [String: NamedTensor], file: String) {
      self.tensors = tensors
      self.file = file
      result = RenamedTensors(file: file)
    }

    mutating func model() throws -> NamedModel {
      if tensors["pre_logits/kernel"] != nil {
        throw OtherModels.refusal(
          "a model with a pre_logits layer", file: file, field: "pre_logits/kernel")
      }
      try unstackBlocks()
      try move("cls", to: "cls_token")
      try move("Transformer/posembed_input/pos_embedding", to: "pos_embed")
      try move("pos_embedding", to: "pos_embed")
      try move("embedding/kernel", to: "patch_embed.proj.weight", axes: [3, 2, 0, 1])
      try move("embedding/bias", to: "patch_embed.proj.bias")
      try norm("Transformer/encoder_norm", to: "norm")
      try linear("head", to: "head")
      var heads: Int?
      var block = 0
      while tensors.keys.contains(where: { $0.hasPrefix("Transformer/encoderblock_\(block)/") }) {
        let from = "Transformer/encoderblock_\(block)"
        let to = "blocks.\(block)"
        try norm("\(from)/LayerNorm_0", to: "\(to).norm1")
        try norm("\(from)/LayerNorm_2", to: "\(to).norm2")
        try norm("\(from)/LayerNorm_1", to: "\(to).norm2")
        for number in ["3", "0"] {
          try linear("\(from)/MlpBlock_\(number)/Dense_0", to: "\(to).mlp.fc1")
          try linear("\(from)/MlpBlock_\(number)/Dense_1", to: "\(to).mlp.fc2")
        }
        for number in ["1", "0"] {
          let attention = "\(from)/MultiHeadDotProductAttention_\(number)"
          if let found = try self.attention(attention, to: "\(to).attn") {
            guard heads == nil || heads == found else {
              throw InputError(
                file: file, field: "\(attention)/query/kernel",
                expected: "\(heads ?? 0) heads as in block 0", found: "\(found)")
            }
            heads = found
          }
        }
        block += 1
      }
      try attentionPool(heads)
      for (name, tensor) in tensors { try result.add(tensor, as: name) }
      var model = NamedModel(tensors: result.tensors)
      try VisionTowerNames.splitPoolingProjections(&model.tensors, file: file)
      model.hints.family = .vit
      model.hints.positionResize = .timm
      model.hints.heads = heads.map { .init(value: $0, source: "the head axis of query/kernel") }
      return model
    }

    /// Gives every block tensors of its own.
    private mutating func unstackBlocks() throws {
      let stack = "Transformer/encoderblock/"
      for (name, tensor) in tensors where name.hasPrefix(stack) {
        let extents = tensor.shape.extents
        guard let depth = extents.first, (1...1024).contains(depth) else {
          throw InputError(
            file: file, field: name, expected: "1 to 1024 blocks in front", found: "\(tensor.shape)"
          )
        }
        tensors[name] = nil
        for block in 0..<depth {
          tensors["Transformer/encoderblock_\(block)/\(name.dropFirst(stack.count))"] =
            tensor.rows(block..<block + 1)?.reshaped(Array(extents.dropFirst()))
        }
      }
    }

    /// big_vision's pooling by a query that is the same for every image.
    private mutating func attentionPool(_ heads: Int?) throws {
      let from = "MAPHead_0"
      try move("\(from)/probe", to: "attn_pool.latent")
      try norm("\(from)/LayerNorm_0", to: "attn_pool.norm")
      try linear("\(from)/MlpBlock_0/Dense_0", to: "attn_pool.mlp.fc1")
      try linear("\(from)/MlpBlock_0/Dense_1", to: "attn_pool.mlp.fc2")
      let name = "\(from)/MultiHeadDotProductAttention_0"
      let found = try attention(name, to: "attn_pool", joined: "in_proj")
      guard found == nil || found == heads else {
        throw InputError(
          file: file, field: "\(name)/query/kernel",
          expected: "\(heads ?? 0) heads as in block 0", found: "\(found ?? 0)")
      }
    }

    /// Takes a tensor out of the checkpoint.
    private mutating func take(_ name: String, rank: Int) throws -> NamedTensor? {
      guard let tensor = tensors.removeValue(forKey: name) else { return nil }
      guard tensor.shape.rank == rank else {
        throw InputError(
          file: file, field: name, expected: "\(rank) axes", found: "\(tensor.shape)")
      }
      return tensor
    }

    private mutating func move(_ name: String, to new: String, axes: [Int]? = nil) throws {
      // A tensor of another rank keeps its name and is reported with the unexpected ones.
      guard let tensor = tensors[name], axes == nil || axes?.count == tensor.shape.rank else {
        return
      }
      tensors[name] = nil
      try result.add(axes.map(tensor.transposed) ?? tensor, as: new)
    }

    private mutating func norm(_ name: String, to new: String) throws {
      try move("\(name)/scale", to: "\(new).weight")
      try move("\(name)/bias", to: "\(new).bias")
    }

    private mutating func linear(_ name: String, to new: String) throws {
      try move("\(name)/kernel", to: "\(new).weight", axes: [1, 0])
      try move("\(name)/bias", to: "\(new).bias")
    }

    /// Joins query, key and value, `[D, heads, headWidth]` each, and flattens the head axes; returns
    /// the number of heads.
    private mutating func attention(
      _ name: String, to new: String, joined: String = "qkv"
    ) throws -> Int? {
      guard tensors["\(name)/query/kernel"] != nil else { return nil }
      var kernels: [NamedTensor] = []
      var biases: [NamedTensor] = []
      var heads: Int?
      for part in ["query", "key", "value"] {
        guard let kernel = try take("\(name)/\(part)/kernel", rank: 3) else { continue }
        let shape = kernel.shape
        guard heads == nil || heads == shape[1] else {
          throw InputError(
            file: file, field: kernel.origin, expected: "\(heads ?? 0) heads as in query/kernel",
            found: "\(shape[1])")
        }
        heads = shape[1]
        if let flat = kernel.transposed([1, 2, 0]).reshaped([shape[1] * shape[2], shape[0]]) {
          kernels.append(flat)
        }
        guard let bias = try take("\(name)/\(part)/bias", rank: 2) else { continue }
        guard bias.shape.extents == [shape[1], shape[2]],
          let flat = bias.reshaped([bias.shape.elementCount])
        else {
          throw InputError(
            file: file, field: bias.origin,
            expected: "[\(shape[1]), \(shape[2])] as its kernel has",
            found: "\(bias.shape)")
        }
        biases.append(flat)
      }
      guard let heads, kernels.count == 3, let weight = NamedTensor.concatenated(kernels) else {
        throw InputError(
          file: file, field: "\(name)/query/kernel",
          expected: "query, key and value of one shape",
          found: kernels.map { "\($0.origin) \($0.shape)" }.joined(separator: ", "))
      }
      guard biases.isEmpty || biases.count == 3 else {
        throw InputError(
          file: file, field: "\(name)/query/bias",
          expected: "biases of query, key and value, or of none",
          found: biases.map(\.origin).joined(separator: ", "))
      }
      try result.add(weight, as: "\(new).\(joined).weight")
      if let bias = NamedTensor.concatenated(biases) {
        try result.add(bias, as: "\(new).\(joined).bias")
      }
      if let out = try take("\(name)/out/kernel", rank: 3) {
        let shape = out.shape
        if let flat = out.transposed([2, 0, 1]).reshaped([shape[2], shape[0] * shape[1]]) {
          try result.add(flat, as: "\(new).proj.weight")
        }
      }
      try move("\(name)/out/bias", to: "\(new).proj.bias")
      return heads
    }
  }
}
