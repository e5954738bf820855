internal import Tensors

/// The names of Google's JAX code (`Transformer/encoderblock_0/...`), of its ViT and big_vision
/// repositories: kernels are `[in, out]`, those of attention have a head axis.
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
      if let pooling = tensors.keys.first(where: { $0.hasPrefix("MAPHead") }) {
        throw OtherModels.refusal("a model with attention pooling", file: file, field: pooling)
      }
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
      for (name, tensor) in tensors { try result.add(tensor, as: name) }
      var model = NamedModel(tensors: result.tensors)
      model.hints.family = .vit
      model.hints.positionResize = .timm
      model.hints.heads = heads.map { .init(value: $0, source: "the head axis of query/kernel") }
      return model
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
    private mutating func attention(_ name: String, to new: String) throws -> Int? {
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
      try result.add(weight, as: "\(new).qkv.weight")
      if let bias = NamedTensor.concatenated(biases) {
        try result.add(bias, as: "\(new).qkv.bias")
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
