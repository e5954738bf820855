internal import ModelFacts
internal import ModelGraph

// Layers of a model before any rewrite, but for attention.
extension GraphLowering {
  mutating func convolution(
    _ convolution: Convolution, _ node: Graph.Node
  ) throws -> String {
    guard convolution.activation == .none, convolution.table == nil else { throw fused(node) }
    if graph.constant(convolution.weight).element == .int8, !options.dequantizes {
      return quantizedPatches(convolution, node)
    }
    let inputs =
      [name(node.inputs[0]), constant(convolution.weight)]
      + (convolution.bias.map { [constant($0)] } ?? [])
    return builder.add(
      "Conv", inputs, "",
      [
        ("kernel_shape", .integers([convolution.kernelHeight, convolution.kernelWidth])),
        ("strides", .integers([convolution.strideHeight, convolution.strideWidth])),
        ("pads", .integers([Int](repeating: convolution.padding, count: 4))),
      ])
  }

  /// A patch embedding of int8: a product of rows that are patches, `[n, patches, inputs]`.
  private mutating func quantizedPatches(
    _ convolution: Convolution, _ node: Graph.Node
  ) -> String {
    guard case .image(let channels, _, _) = graph.type(node.inputs[0]),
      case .map(let outputs, let rows, let columns) = graph.type(node.outputs[0])
    else { preconditionFailure("the patches of an image") }
    let (height, width) = (convolution.kernelHeight, convolution.kernelWidth)
    let pixels = cropped(
      name(node.inputs[0]), [channels, rows * height, columns * width], from: node.inputs[0])
    let apart = reshaped(pixels, [channels, rows, height, columns, width], "patches.apart")
    let patches = builder.add(
      "Transpose", [apart], "patches", [("perm", .integers([0, 2, 4, 1, 3, 5]))])
    let flat = reshaped(patches, [rows * columns, channels * height * width], "patches.flat")
    var product = quantizedProduct(flat, convolution.weight, isLast: false)
    if let bias = convolution.bias {
      product = builder.add("Add", [product, constant(bias)], "sum")
    }
    let columnsFirst = builder.add(
      "Transpose", [product], "channels", [("perm", .integers([0, 2, 1]))])
    return reshaped(columnsFirst, [outputs, rows, columns], "")
  }

  /// An image without the pixels below and beside its patches.
  private mutating func cropped(_ image: String, _ extents: [Int], from value: ValueID) -> String {
    guard case .image(_, let height, let width) = graph.type(value),
      extents[1] < height || extents[2] < width
    else { return image }
    return builder.add(
      "Slice",
      [
        image, builder.integers([0, 0]), builder.integers([extents[1], extents[2]]),
        builder.integers([2, 3]),
      ], "patches.cropped")
  }

  mutating func batchNorm(_ norm: BatchNorm, _ node: Graph.Node) -> String {
    builder.add(
      "BatchNormalization",
      [name(node.inputs[0])]
        + [norm.weight, norm.bias, norm.mean, norm.variance].map { constant($0) },
      "", [("epsilon", .float(norm.epsilon))])
  }

  mutating func layerNorm(_ norm: Norm, _ node: Graph.Node) -> String {
    builder.add(
      "LayerNormalization",
      [name(node.inputs[0]), constant(norm.weight), constant(norm.bias)], "",
      [("axis", .integer(-1)), ("epsilon", .float(norm.epsilon))])
  }

  mutating func rmsNorm(_ norm: RMSNorm, _ node: Graph.Node) -> String {
    let rows = name(node.inputs[0])
    let squares = builder.add("Mul", [rows, rows], "squares")
    let mean = reduce("ReduceMean", squares, axis: -1, "mean")
    let shifted = builder.add("Add", [mean, builder.float(norm.epsilon)], "mean.shifted")
    let root = builder.add("Sqrt", [shifted], "root")
    let scaled = builder.add("Div", [rows, root], "scaled")
    return builder.add("Mul", [scaled, constant(norm.weight)])
  }

  mutating func linear(_ linear: Linear, _ node: Graph.Node) throws -> String {
    guard linear.norm == nil, linear.activation == .none, !linear.hasResidual else {
      throw fused(node)
    }
    let input = name(node.inputs[0])
    let weight = graph.constant(linear.weight)
    let product: String
    if weight.element == .int8, !options.dequantizes {
      product = quantizedProduct(input, linear.weight, isLast: linear.bias == nil)
    } else {
      let matrix = builder.weight(
        WeightForm(constant: linear.weight, part: .transposed), named: weight.name,
        type: weight.floatType, extents: [weight.shape[1], weight.shape[0]])
      product = builder.add("MatMul", [input, matrix], linear.bias == nil ? "" : "product")
    }
    guard let bias = linear.bias else { return product }
    return builder.add("Add", [product, constant(bias)])
  }

  /// The product of rows that are quantized as they come, each by its own ends, with a matrix of int8: what the
  /// kernels of a plan compute, in the same order (`QuantizedLinearArguments`). The sums of products are exact.
  private mutating func quantizedProduct(
    _ rows: String, _ matrix: ConstantID, isLast: Bool
  ) -> String {
    let weight = graph.constant(matrix)
    let (outputs, inputs) = (weight.shape[0], weight.shape.elementCount / weight.shape[0])
    func form(_ part: WeightForm.Part) -> WeightForm {
      WeightForm(constant: matrix, part: part)
    }
    let low = reduce("ReduceMin", rows, axis: 2, "low")
    let high = reduce("ReduceMax", rows, axis: 2, "high")
    let range = builder.add("Sub", [high, low], "range")
    let step = builder.add("Mul", [range, builder.float(1 / 255)], "step")
    let isSmall = builder.add(
      "Less", [step, builder.float(.leastNormalMagnitude)], "step.small")
    let scale = builder.add("Where", [isSmall, builder.float(1), step], "scale")
    let inverse = builder.add("Reciprocal", [scale], "scale.inverse")
    let distance = builder.add("Sub", [rows, low], "distance")
    let places = builder.add("Mul", [distance, inverse], "places")
    let rounded = builder.add("Round", [places], "rounded")
    let bytes = builder.add(
      "Cast", [rounded], "bytes", [("to", .integer(Int(ElementType.uint8.rawValue)))])
    let integers = builder.weight(
      form(.integers), named: weight.name, type: .int8, extents: [inputs, outputs])
    let sums = builder.add("MatMulInteger", [bytes, integers], "sums")
    let floats = builder.add(
      "Cast", [sums], "sums.float32", [("to", .integer(Int(ElementType.float32.rawValue)))])
    let scaled = builder.add("Mul", [floats, scale], "scaled")
    let columns = builder.weight(
      form(.sums), named: "\(weight.name).sums", type: .float32, extents: [outputs])
    let shift = builder.add("Mul", [low, columns], "shift")
    let product = builder.add("Add", [scaled, shift], "shifted")
    let scales = builder.weight(
      form(.scales), named: "\(weight.name).scales", type: .float32, extents: [outputs])
    return builder.add("Mul", [product, scales], isLast ? "" : "product")
  }

  /// An activation, as one operator where there is one.
  mutating func activate(_ x: String, _ activation: Activation) -> String {
    switch activation {
    case .none: return builder.add("Identity", [x])
    case .relu: return builder.add("Relu", [x])
    case .tanh: return builder.add("Tanh", [x])
    case .gelu, .geluTanh:
      guard options.opset < 20 else {
        return builder.add(
          "Gelu", [x], "",
          [("approximate", .text(activation == .gelu ? "none" : "tanh"))])
      }
      return activation == .gelu ? gelu(x) : geluTanh(x)
    case .quickGelu:
      let scaled = builder.add("Mul", [x, builder.float(1.702)], "scaled")
      return builder.add("Mul", [x, builder.add("Sigmoid", [scaled], "gate")])
    case .silu: return builder.add("Mul", [x, builder.add("Sigmoid", [x], "gate")])
    }
  }

  /// In the form that PyTorch's exporter writes and engines know.
  private mutating func gelu(_ x: String) -> String {
    let scaled = builder.add("Div", [x, builder.float(Float(2.0.squareRoot()))], "scaled")
    let erf = builder.add("Erf", [scaled], "erf")
    let gate = builder.add("Add", [erf, builder.float(1)], "gate")
    let product = builder.add("Mul", [x, gate], "product")
    return builder.add("Mul", [product, builder.float(0.5)])
  }

  private mutating func geluTanh(_ x: String) -> String {
    let square = builder.add("Mul", [x, x], "square")
    let cube = builder.add("Mul", [square, x], "cube")
    let bent = builder.add("Mul", [cube, builder.float(0.044715)], "bent")
    let sum = builder.add("Add", [x, bent], "sum")
    let slope = Float((2 / Double.pi).squareRoot())
    let tanh = builder.add(
      "Tanh", [builder.add("Mul", [sum, builder.float(slope)], "scaled")], "tanh")
    let gate = builder.add("Add", [tanh, builder.float(1)], "gate")
    let half = builder.add("Mul", [x, builder.float(0.5)], "half")
    return builder.add("Mul", [half, gate])
  }

  mutating func combine(_ combine: Combine, _ node: Graph.Node) -> String {
    let terms = zip(node.inputs.map(name), [combine.alpha, combine.beta]).map { value, factor in
      factor == 1 ? value : builder.add("Mul", [value, builder.float(factor)], "term")
    }
    return builder.add("Add", terms)
  }

  // MARK: - Rows

  mutating func flatten(_ node: Graph.Node) -> String {
    let (count, width) = extents(node.outputs[0])
    return rows(ofMap: name(node.inputs[0]), count: count, width: width)
  }

  /// A map `[n, width, height, width]` as rows of pixels.
  mutating func rows(ofMap map: String, count: Int, width: Int, _ step: String = "") -> String {
    let flat = reshaped(map, [width, count], step.isEmpty ? "flat" : "\(step).flat")
    return builder.add("Transpose", [flat], step, [("perm", .integers([0, 2, 1]))])
  }

  /// A value with other extents behind that of the images.
  mutating func reshaped(_ value: String, _ extents: [Int], _ step: String) -> String {
    builder.add("Reshape", [value, builder.integers([0] + extents)], step)
  }

  /// A range of rows.
  mutating func rows(_ range: Range<Int>, of value: String, _ step: String = "") -> String {
    slice(value, axis: 1, from: range.lowerBound, to: range.upperBound, step)
  }

  /// A range along an axis, every `stride`-th.
  mutating func slice(
    _ value: String, axis: Int, from start: Int, to end: Int, by stride: Int = 1, _ step: String
  ) -> String {
    var inputs = [
      value, builder.integers([start]), builder.integers([end]), builder.integers([axis]),
    ]
    if stride != 1 { inputs.append(builder.integers([stride])) }
    return builder.add("Slice", inputs, step)
  }

  /// A reduction along an axis: whether axes are an attribute or an operand depends on the version.
  mutating func reduce(
    _ operation: String, _ value: String, axis: Int, keeping: Bool = true, _ step: String = ""
  ) -> String {
    reduce(operation, value, axes: [axis], keeping: keeping, step)
  }

  /// A reduction along axes.
  mutating func reduce(
    _ operation: String, _ value: String, axes: [Int], keeping: Bool = true, _ step: String = ""
  ) -> String {
    let keeps = ("keepdims", OperatorAttribute.integer(keeping ? 1 : 0))
    if options.opset < 18, operation != "ReduceSum" {
      return builder.add(operation, [value], step, [("axes", .integers(axes)), keeps])
    }
    return builder.add(operation, [value, builder.integers(axes)], step, [keeps])
  }
}
