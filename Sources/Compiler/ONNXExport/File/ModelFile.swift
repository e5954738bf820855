internal import ModelGraph
internal import PlanFormat
internal import Tensors

/// Writes an ONNX model tensor by tensor.
///
/// libprotobuf-c packs a message whole, so what holds the weights is framed here: fields that are packed stand in
/// front of the tensors and behind them, and every length is known before the first byte is written.
struct ModelFile {
  private let graph: ExportedGraph

  /// Where the weights come from.
  private let source: Graph
  private let plan: PlanFile
  private let opset: Int
  private let name: String
  private let metadata: [(key: String, value: String)]

  /// Fields of ONNX's messages that hold what is framed here, with the wire type of bytes.
  private enum Tag {
    static let graph: UInt8 = 7 << 3 | 2
    static let initializer: UInt8 = 5 << 3 | 2
    static let rawData: UInt8 = 9 << 3 | 2
  }

  /// No message of protobuf is larger.
  private static let largestMessage = Int(Int32.max)

  /// Smaller tensors stay in the model, as engines want shapes to be there.
  private static let leastExternal = 1024

  /// Tensors in a file of their own begin at multiples of a page, so that they can be mapped.
  private static let alignment = 4096

  init(
    _ graph: ExportedGraph, of source: Graph, in plan: PlanFile, opset: Int,
    metadata: [(key: String, value: String)]
  ) {
    (self.graph, self.source, self.plan, self.opset) = (graph, source, plan, opset)
    name = VisibleText.escaped(plan.facts.architecture)
    self.metadata = metadata
  }

  /// Writes the model, and the file of its weights if it has one.
  /// - Parameter isSplit: whether it has one in any case.
  /// - Returns: the path of that file.
  func write(to path: String, splitting isSplit: Bool) throws -> String? {
    let whole = frame(graph.initializers.map { Framed($0, external: nil) })
    guard isSplit || whole.byteCount > Self.largestMessage else {
      var output = try OutputFile(path: path, from: [plan.mapped])
      try append(whole, to: &output)
      try output.commit()
      return nil
    }
    return try writeSplit(to: path)
  }

  private func writeSplit(to path: String) throws -> String {
    let (tensors, dataPath) = try located(beside: path)
    let model = frame(tensors)
    guard model.byteCount <= Self.largestMessage else {
      throw InputError(
        file: plan.path, field: "graph", expected: "at most \(Self.largestMessage) bytes in ONNX",
        found: "\(model.byteCount)")
    }
    try OutputFile.checkDistinct([path, dataPath])
    let isNew = !FileSystem.exists(dataPath)
    var output = try OutputFile(path: path, from: [plan.mapped])
    try append(model, to: &output)
    var data = try OutputFile(path: dataPath, from: [plan.mapped])
    for tensor in tensors {
      guard let place = tensor.external else { continue }
      try data.pad(toOffset: place.offset)
      try data.append(bytes(of: tensor.tensor))
    }
    // First the weights: a model never names a file that is not there.
    try data.commit()
    do {
      try output.commit()
    } catch {
      if isNew { FileSystem.remove(dataPath) }
      throw error
    }
    return dataPath
  }

  // MARK: - Frames

  /// A tensor's message but for its values, and where these lie if not in the message.
  private struct Framed {
    let tensor: Initializer
    let external: (location: String, offset: Int)?
    let head: [UInt8]

    init(_ tensor: Initializer, external: (location: String, offset: Int)?) {
      self.tensor = tensor
      self.external = external
      head = MessageBuilder.tensorHead(tensor, external: external)
    }

    /// Bytes of the message.
    var byteCount: Int {
      guard external == nil else { return head.count }
      return head.count + 1 + Varint.bytes(tensor.byteCount).count + tensor.byteCount
    }
  }

  /// All that is written in front of the tensors and behind them.
  private struct Frame {
    let head: [UInt8]
    let tensors: [Framed]
    let tail: [UInt8]

    /// Bytes of the model.
    let byteCount: Int
  }

  private func frame(_ tensors: [Framed]) -> Frame {
    let nodes = MessageBuilder.graphHead(name: name.isEmpty ? "vit" : name, nodes: graph.nodes)
    let values = MessageBuilder.graphTail(inputs: [graph.input], outputs: graph.outputs)
    let tensorBytes = tensors.reduce(0) {
      $0 + 1 + Varint.bytes($1.byteCount).count + $1.byteCount
    }
    let graphBytes = nodes.count + tensorBytes + values.count
    let head =
      MessageBuilder.modelHead(opset: opset, version: Release.version)
      + [Tag.graph] + Varint.bytes(graphBytes) + nodes
    let tail = values + MessageBuilder.modelTail(opset: opset, metadata: metadata)
    return Frame(
      head: head, tensors: tensors, tail: tail,
      byteCount: head.count + tensorBytes + tail.count)
  }

  private func append(_ frame: Frame, to output: inout OutputFile) throws {
    try output.append(frame.head)
    for framed in frame.tensors {
      try output.append([Tag.initializer] + Varint.bytes(framed.byteCount) + framed.head)
      guard framed.external == nil else { continue }
      try output.append([Tag.rawData] + Varint.bytes(framed.tensor.byteCount))
      try output.append(bytes(of: framed.tensor))
    }
    try output.append(frame.tail)
  }

  private func bytes(of tensor: Initializer) throws -> [UInt8] {
    switch tensor.content {
    case .bytes(let bytes): return bytes
    case .weight(let form):
      let bytes = try form.bytes(of: source, in: plan)
      precondition(bytes.count == tensor.byteCount, "the extents of the form")
      return bytes
    }
  }

  // MARK: - External data

  /// The tensors with the places of the large ones in a file beside the model, and that file's path.
  ///
  /// The name holds a checksum of what it is made of: where the model is written over another, the other's weights
  /// stay what they are until it is replaced.
  private func located(beside path: String) throws -> ([Framed], path: String) {
    guard !FileSystem.isLink(path) else {
      throw InputError(
        .output, file: path, field: "file",
        expected: "the model's own name, as its weights lie beside it", found: "a symbolic link")
    }
    let model = PathText.lastName(of: path)
    guard PathText.isUnicode(model) else {
      throw InputError(
        .output, file: path, field: "file", expected: "a name in UTF-8, which the model repeats",
        found: "other bytes")
    }
    let digits = String(checksum, radix: 16)
    let location =
      "\(model)-\(String(repeating: "0", count: 16 - digits.count))\(digits).data"
    var offset = 0
    let tensors = graph.initializers.map { tensor -> Framed in
      guard tensor.byteCount >= Self.leastExternal, case .weight = tensor.content else {
        return Framed(tensor, external: nil)
      }
      defer { offset += (tensor.byteCount + Self.alignment - 1) / Self.alignment * Self.alignment }
      return Framed(tensor, external: (location, offset))
    }
    let folder = String(decoding: path.utf8.dropLast(model.utf8.count), as: UTF8.self)
    return (tensors, folder + location)
  }

  private var checksum: UInt64 {
    var bytes: [UInt8] = []
    for tensor in graph.initializers {
      bytes += MessageBuilder.tensorHead(tensor)
      guard case .weight(let form) = tensor.content else { continue }
      let index = form.constant.index
      guard plan.constants.indices.contains(index) else { continue }
      withUnsafeBytes(of: plan.constants[index].checksum.littleEndian) { bytes += $0 }
    }
    return bytes.withUnsafeBytes { XXH64.hash($0) }
  }
}

/// Numbers as protobuf writes them.
enum Varint {
  static func bytes(_ value: Int) -> [UInt8] {
    var rest = UInt64(value)
    var bytes: [UInt8] = []
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }
}
