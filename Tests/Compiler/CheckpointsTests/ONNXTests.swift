import Checkpoints
import FileSupport
import Tensors
import Testing

@Suite struct ONNXTests {
  let folder = TemporaryFolder()

  private func open(_ bytes: [UInt8]) throws -> Checkpoint {
    try Checkpoint.open(folder.write(bytes, to: "model.onnx"))
  }

  private func open(_ graph: Message) throws -> ONNXModel {
    try #require(try open(model(graph).bytes).onnx)
  }

  private func refusal(_ bytes: [UInt8]) -> InputError? {
    #expect(throws: InputError.self) { try open(bytes) }
  }

  private func refusal(_ graph: Message) -> InputError? { refusal(model(graph).bytes) }

  @Test func readsNodesValuesAndWeights() throws {
    let linear = node(
      "Gemm", ["x", "w", ""], ["y"],
      [
        attribute("transB", type: 2).integer(3, 1), attribute("alpha", type: 1).float(2, 0.5),
        attribute("mode", type: 3).text(4, "floor"), attribute("axes", type: 7).packed(8, [1, -1]),
        attribute("scales", type: 6).float(7, 2), attribute("zero", type: 2),
        attribute("t", type: 4).message(5, ones("", 2)),
      ], name: "/head/Gemm")
    let onnx = try open(
      graph(
        [linear, node("Relu", ["y"], ["z"])], [ones("w", 3)],
        inputs: [value("x", [1, 3]), value("w")], outputs: [value("z")]))
    #expect(onnx.opsets == ["": 17])
    #expect(onnx.producer == "test")
    #expect(onnx.graph.initializers["w"]?.float32Values() == [1, 1, 1])
    #expect(onnx.graph.inputs.map(\.name) == ["x"])
    #expect(onnx.graph.inputs.first?.extents == [.fixed(1), .fixed(3)])
    #expect(onnx.graph.inputs.first?.dtype == .float32)
    #expect(onnx.graph.producer(of: "z")?.operation == "Relu")
    #expect(onnx.graph.producer(of: "x") == nil)
    #expect(onnx.graph.consumers(of: "y").map(\.operation) == ["Relu"])
    #expect(onnx.graph.isOutput("z"))
    let gemm = try #require(onnx.graph.nodes.first)
    #expect(gemm.label == "Gemm node '/head/Gemm'")
    #expect(gemm.input(1) == "w")
    #expect(gemm.input(2) == nil)
    #expect(gemm.input(9) == nil)
    #expect(try gemm.integer("transB") == 1)
    #expect(try gemm.integer("zero") == 0)
    #expect(try gemm.integer("none") == nil)
    #expect(try gemm.float("alpha") == 0.5)
    #expect(try gemm.string("mode") == "floor")
    #expect(try gemm.integers("axes") == [1, -1])
    #expect(try gemm.floats("scales") == [2])
    #expect(try gemm.tensor("t")?.float32Values() == [1, 1])
  }

  @Test func constantsComeFromInitializersAndNodes() throws {
    let onnx = try open(
      graph(
        [
          node("Constant", [], ["a"], [attribute("value", type: 4).message(5, ones("", 2))]),
          node("Constant", [], ["b"], [attribute("value_ints", type: 7).integers(8, [1, .max])]),
          node("Constant", [], ["c"], [attribute("value_float", type: 1).float(2, 3)]),
          node("Constant", [], ["s"], [attribute("value_string", type: 3).text(4, "text")]),
          node("Identity", ["w"], ["d"]), node("Relu", ["w"], ["e"]),
        ], [ones("w", 1)]))
    #expect(try onnx.graph.constant("w")?.shape == [1])
    #expect(try onnx.graph.constant("a")?.float32Values() == [1, 1])
    #expect(try onnx.graph.constant("b")?.integerValues() == [1, .max])
    #expect(try onnx.graph.constant("c")?.float32Values() == [3])
    #expect(try onnx.graph.constant("c")?.shape == [])
    #expect(try onnx.graph.constant("d")?.float32Values() == [1])
    #expect(try onnx.graph.constant("e") == nil)
    #expect(throws: InputError.self) { try onnx.graph.constant("s") }
  }

  @Test func attributesOfAnotherTypeAreNamed() throws {
    let softmax = node(
      "Softmax", ["w"], ["y"], [attribute("axis", type: 7).integers(8, [1])], name: "attn")
    let node = try #require(try open(graph([softmax], [ones("w", 1)])).graph.nodes.first)
    let error = #expect(throws: InputError.self) { try node.integer("axis") }
    #expect(error?.field == "Softmax node 'attn', attribute axis")
    #expect(error?.expected == "an integer")
    #expect(error?.found == "a list of integers")
    #expect(throws: InputError.self) { try node.float("axis") }
    #expect(throws: InputError.self) { try node.string("axis") }
    #expect(throws: InputError.self) { try node.tensor("axis") }
  }

  @Test func attributesThatContradictThemselvesAreRefused() {
    for wrong in [
      attribute("a", type: 2).float(2, 1), attribute("a", type: 1).float(2, 1).integer(3, 1),
      attribute("a", type: 99).integer(3, 1), Message().text(1, "a"),
      attribute("a", type: 2).text(21, "outer"),
    ] {
      let error = refusal(graph([node("Op", ["w"], ["y"], [wrong], name: "n")], [ones("w", 1)]))
      #expect(error?.field == "Op node 'n', attribute a")
    }
    let twice = [attribute("a", type: 2), attribute("a", type: 2)]
    #expect(refusal(graph([node("Op", ["w"], ["y"], twice)], [ones("w", 1)]))?.found == "it twice")
  }

  @Test func valuesAreReadFromEveryField() throws {
    func values(_ message: Message) throws -> [Float]? {
      try open(graph([], [message])).graph.initializers["w"]?.float32Values()
    }
    let one = Float(1).bitPattern
    #expect(try values(tensor("w", 1, [2]).bytes(4, little(one) + little(one))) == [1, 1])
    #expect(try values(tensor("w", 11, []).bytes(10, little((-2.5).bitPattern))) == [-2.5])
    #expect(try values(tensor("w", 11, [1]).bytes(9, little((-2.5).bitPattern))) == [-2.5])
    #expect(try values(tensor("w", 10, [2]).packed(5, [0x3C00, 0xBC00])) == [1, -1])
    #expect(try values(tensor("w", 10, [1]).bytes(9, [0, 0x3C])) == [1])
    #expect(try values(tensor("w", 16, [1]).bytes(9, [0x80, 0x3F])) == [1])
    #expect(try values(tensor("w", 7, [3]).packed(7, [1, -1, 300])) == [1, -1, 300])
    #expect(try values(tensor("w", 6, [1]).packed(5, [-7])) == [-7])
    #expect(try values(tensor("w", 9, [2]).packed(5, [0, 1])) == [0, 1])
    #expect(try values(tensor("w", 13, [1]).packed(11, [9])) == [9])
    #expect(try values(tensor("w", 1, [0, 3])) == [])
    #expect(
      try values(Message().bytes(1, [1, 2]).integer(2, 3).text(8, "w").bytes(9, [1, 0xFF]))
        == [1, -1])
  }

  @Test(arguments: [
    (tensor("w", 1, [1 << 62, 1 << 62]), "dims"), (tensor("w", 1, [-1]), "dims"),
    (tensor("w", 1, [Int.max]), "dims"), (tensor("w", 1, [2]), "values"),
    (tensor("w", 1, [2]).bytes(9, [0, 0, 0, 0]), "raw_data"),
    (tensor("w", 1, [1]).bytes(9, [0, 0, 0, 0, 0, 0, 0, 0]), "raw_data"),
    (tensor("w", 1, [1]).bytes(9, [0, 0, 0, 0, 0]), "raw_data"),
    (tensor("w", 1, [1]).bytes(4, [0, 0, 0, 0, 0, 0, 0, 0]), "float_data"),
    (tensor("w", 1, [1]).bytes(9, [0, 0, 0, 0]).bytes(4, [0, 0, 0, 0]), "values"),
    (tensor("w", 7, [2]).packed(7, [1]), "int64_data"),
    (tensor("w", 7, [1]).packed(7, [1, 2]), "int64_data"),
    (tensor("w", 7, [1]).packed(5, [1]), "values"),
    (tensor("w", 6, [1]).packed(5, [1 << 40]), "int32_data"),
    (tensor("w", 10, [1]).packed(5, [1 << 16]), "int32_data"),
    (tensor("w", 99, [1]).bytes(9, [0]), "data_type"),
    (tensor("w", 0, [1]).bytes(9, [0]), "data_type"),
    (tensor("w", 8, [1]).text(6, "text"), "data_type"),
    (tensor("w", 17, [1]).bytes(9, [0]), "data_type"),
    (ones("w", 1).integer(14, 2), "data_location"), (ones("w", 1).integer(14, 1), "values"),
    (ones("w", 1).message(13, Message().text(1, "location")), "data_location"),
  ])
  func namesTheTensorAndWhatIsWrongWithIt(message: Message, field: String) {
    let error = refusal(graph([], [ones("v", 1), message]))
    #expect(error?.field == "initializer w, \(field)", "\(error?.description ?? "")")
  }

  @Test func unknownTypesAreNamedByTheirCode() {
    #expect(refusal(graph([], [tensor("w", 99, [1]).bytes(9, [0])]))?.found == "99")
    #expect(refusal(graph([], [tensor("w", 22, [1]).bytes(9, [0])]))?.found == "INT4")
  }

  @Test func brokenGraphsNameTheNodeAndTheValue() {
    let weights = [ones("w", 1)]
    let twice = refusal(graph([], [ones("w", 1), ones("w", 2)]))
    #expect(twice?.field == "initializer w")
    let missing = refusal(graph([node("Relu", ["gone"], ["y"], name: "n")], weights))
    #expect(missing?.field == "Relu node 'n'")
    #expect(missing?.found.contains("'gone'") == true)
    let cycle = refusal(
      graph([node("Add", ["w", "b"], ["a"], name: "n"), node("Relu", ["a"], ["b"])], weights))
    #expect(cycle?.field == "Add node 'n'")
    #expect(cycle?.found.contains("'b' of Relu node 1") == true)
    let itself = refusal(graph([node("Relu", ["a"], ["a"])], weights))
    #expect(itself?.field == "Relu node 0")
    let output = refusal(graph([], weights, outputs: [value("z")]))
    #expect(output?.field == "output z")
    for name in ["w", "x", "y"] {
      let again = refusal(
        graph(
          [node("Relu", ["w"], ["y"]), node("Relu", ["w"], [name])], weights, inputs: [value("x")]))
      #expect(again?.found == "'\(name)' again")
    }
    #expect(refusal(graph([], [], inputs: [value("x"), value("x")]))?.field == "input x")
    #expect(refusal(graph([], [], inputs: [value("x", [-1])]))?.field == "input x")
    #expect(refusal(graph([Message().text(3, "n")]))?.expected == "an operator")
    #expect(refusal(graph([], [Message().integer(2, 1)]))?.expected == "a name")
    #expect(refusal(Message().integer(1, 8).text(2, "no graph").bytes)?.field == "graph")
    #expect(refusal(Message().message(15, Message()))?.field == "sparse_initializer")
  }

  @Test(
    arguments: [
      ([0x08, 0x08, 0x3A], "byte 3"), ([0x08, 0x08, 0x3A, 0x05, 0], "byte 3"),
      ([0x08, 0x08, 0x3A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], "byte 3"),
      ([0x08] + [UInt8](repeating: 0xFF, count: 11), "byte 1"),
      ([0x08, 0x08, 0x12, 0x01, 0xFF], "byte 4"), ([0x08, 0x08, 0x12, 0x01, 0x00], "byte 4"),
      ([0x08, 0x08, 0x3A, 0x02, 0x0B, 0x0C], "byte 4"), ([0x08, 0x08, 0x3A, 0x01, 0x0F], "byte 4"),
      ([0x08, 0x08, 0x3A, 0x02, 0x00, 0x00], "byte 4"),
      ([0x08, 0x08, 0x3A, 0x02, 0x08, 0x01], "byte 4"),
      ([0x08, 0x08, 0x3A, 0x02, 0x3D, 0x01], "byte 5"), ([0x08, 0x08, 0x38, 0x01], "byte 2"),
      ([0x08, 0x08, 0x3A, 0, 0x3A, 0], "byte 4"),
    ] as [([UInt8], String)])
  func damagedMessagesAreNamedByTheirByte(bytes: [UInt8], field: String) {
    let error = refusal(bytes)
    #expect(error?.field == field, "\(error?.description ?? "")")
  }

  @Test func nestingIsBounded() {
    func nested(_ depth: Int) -> Message {
      (0..<depth).reduce(graph([], [ones("w", 1)])) { inner, _ in
        graph(
          [node("If", ["w"], ["y"], [attribute("g", type: 5).message(6, inner)])], [ones("w", 1)])
      }
    }
    #expect(throws: Never.self) { _ = try open(model(nested(30)).bytes) }
    #expect(refusal(nested(33))?.found == "depth 101")
  }

  @Test func theNumberOfFieldsIsBounded() {
    let nodes = [UInt8](repeating: 0, count: 3_000_000).enumerated().map {
      $0.offset % 2 == 0 ? UInt8(0x0A) : 0
    }
    #expect(refusal(Message(bytes: nodes))?.expected.contains("fields") == true)
    #expect(
      refusal(
        graph([
          node(
            "Op", [], ["y"],
            [attribute("a", type: 7).bytes(8, [UInt8](repeating: 1, count: 2_000_000))])
        ])
      )?.expected.contains("fields") == true)
  }

  @Test func filesFromTwoGibibytesAreRefused() throws {
    let path = try folder.write(model(graph()).bytes, to: "large.onnx")
    #expect(extend(path, to: 1 << 31))
    let error = #expect(throws: InputError.self) { try Checkpoint.open(path) }
    #expect(error?.field == "size")
    #expect(error?.expected.contains("external data") == true)
  }

  @Test func fieldsThatAreNotReadAreSkipped() throws {
    let extra = Message().bytes(536_870_911, [8, 9, 16, 0, 24, 255]).text(12, "doc").integer(
      1000, 1)
    let weight = Message(bytes: ones("w", 1).bytes + extra.bytes)
    let text = Message(bytes: model(graph([], [weight])).bytes + extra.bytes).bytes
    #expect(try open(text).onnx?.graph.initializers["w"]?.float32Values() == [1])
  }

  @Test func everyTruncationAndBitFlipIsAnErrorOrAValidModel() throws {
    let whole = model(
      graph(
        [node("Op", ["x", "w"], ["y"], [attribute("a", type: 7).packed(8, [1, 2])], name: "n")],
        [ones("w", 2), tensor("h", 10, [2]).packed(5, [1, 2])], inputs: [value("x", [1, 3])],
        outputs: [value("y")])
    ).bytes
    func check(_ bytes: [UInt8]) throws {
      do {
        for view in try open(bytes).tensors.values {
          #expect(view.float32Values().count == view.shape.elementCount)
        }
      } catch is InputError {}
    }
    for count in 0..<whole.count { try check(Array(whole[..<count])) }
    for bit in 0..<(whole.count * 8) {
      var flipped = whole
      flipped[bit / 8] ^= 1 << (bit % 8)
      try check(flipped)
    }
  }
}
