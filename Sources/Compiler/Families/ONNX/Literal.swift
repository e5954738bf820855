internal import Tensors

/// A constant of an ONNX graph: a layout over an initialiser, over numbers that were computed from others, or over
/// entries that are gathered of another.
struct Literal: Hashable, Sendable {
  /// Where the elements are.
  final class Storage: Sendable {
    /// The initialiser's name.
    let name: String
    let dtype: DType
    let count: Int
    private let contents: Contents

    private enum Contents: Sendable {
      case tensor(TensorView)
      case numbers([Double], ComputedElements.Share?)
      case gathered(GatheredLiteral)
    }

    init(_ tensor: TensorView, name: String) {
      self.name = name
      dtype = tensor.dtype
      count = tensor.shape.elementCount
      contents = .tensor(tensor)
    }

    init(_ numbers: [Double], isInteger: Bool, share: ComputedElements.Share?) {
      name = "computed"
      dtype = isInteger ? .int64 : .float64
      count = numbers.count
      contents = .numbers(numbers, share)
    }

    init(_ gathered: GatheredLiteral) {
      name = gathered.source.storage.name
      dtype = gathered.source.storage.dtype
      count = gathered.count
      contents = .gathered(gathered)
    }

    /// Whether it is made anew each time that it is read.
    var isGathered: Bool {
      if case .gathered = contents { true } else { false }
    }

    /// More elements are not computed with at once.
    static let largestArray = 1 << 24

    /// All elements as float32.
    func floats() -> [Float] {
      switch contents {
      case .tensor(let tensor):
        defer { tensor.releasePages() }
        return tensor.float32Values()
      case .numbers(let numbers, _): return numbers.map { Float($0) }
      case .gathered(let gathered): return gathered.floats()
      }
    }

    /// All elements as doubles; integers exactly up to 2^53.
    func numbers() -> [Double] {
      switch contents {
      case .numbers(let numbers, _): numbers
      case .gathered(let gathered): gathered.numbers()
      case .tensor(let tensor):
        switch tensor.dtype {
        case .int64: words(tensor, Int64.self).map { Double($0) }
        case .int32: words(tensor, Int32.self).map { Double($0) }
        case .uint64: words(tensor, UInt64.self).map { Double($0) }
        case .float64: words(tensor, UInt64.self).map { Double(bitPattern: $0) }
        default: tensor.float32Values().map { Double($0) }
        }
      }
    }

    private func words<W: FixedWidthInteger>(_ tensor: TensorView, _ word: W.Type) -> [W] {
      tensor.withBytes { bytes in
        (0..<bytes.count / MemoryLayout<W>.size).map {
          W(
            littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<W>.size, as: W.self)
          )
        }
      }
    }
  }

  /// Numbers are only computed with for so many elements: shapes, scalars, positions; not weights.
  static let computableElements = 1 << 20

  let storage: Storage
  var layout: Layout

  var shape: [Int] { layout.shape }

  /// Whether it is its storage, in order.
  var isWhole: Bool { layout.isContiguous && layout.elementCount == storage.count }
  var isInteger: Bool { !storage.dtype.isFloatingPoint }

  /// Whether it has a number for each of `width` channels, along the last axis: as many along another one would be of tokens.
  func isOneRow(of width: Int?) -> Bool {
    layout.elementCount == width && shape.last == width
  }

  init(_ tensor: TensorView, name: String) {
    storage = Storage(tensor, name: name)
    layout = Layout(contiguous: tensor.shape.extents)
  }

  /// Numbers in row-major order.
  /// - Parameter share: what counts them while they are held.
  init(
    _ numbers: [Double], shape: [Int], isInteger: Bool, share: ComputedElements.Share? = nil
  ) {
    storage = Storage(numbers, isInteger: isInteger, share: share)
    layout = Layout(contiguous: shape)
  }

  /// All that is gathered, in order, in a shape of as many elements.
  init(_ gathered: GatheredLiteral, shape: [Int]) {
    storage = Storage(gathered)
    layout = Layout(contiguous: shape)
  }

  static func == (left: Literal, right: Literal) -> Bool {
    left.storage === right.storage && left.layout == right.layout
  }

  func hash(into hasher: inout Hasher) {
    hasher.combine(ObjectIdentifier(storage))
    hasher.combine(layout)
  }

  /// The elements in order; nil if they are too many to compute with.
  func numbers(atMost limit: Int = computableElements) -> [Double]? {
    let shape = layout.shape
    guard let count = Shape(checking: shape)?.elementCount, count <= limit else { return nil }
    guard count > 0 else { return [] }
    let source = storage.numbers()
    guard !isWhole else { return source }
    return layout.places.map { source[$0] }
  }

  /// The elements in order as float32; nil if they, or what they are taken from, are more than `limit`.
  func floats(atMost limit: Int = Storage.largestArray) -> [Float]? {
    guard let count = Shape(checking: shape)?.elementCount, count <= limit, storage.count <= limit
    else { return nil }
    let source = storage.floats()
    return isWhole ? source : layout.elements(of: source)
  }

  /// The elements in another layout of the same storage.
  func floats(in layout: Layout) -> [Float]? {
    var other = self
    other.layout = layout
    return other.floats()
  }

  /// The elements as integers.
  func integers(atMost limit: Int = computableElements) -> [Int]? {
    numbers(atMost: limit)?.map { Int(exactly: $0.rounded(.towardZero)) ?? ($0 < 0 ? .min : .max) }
  }

  /// The value if there is but one.
  var scalar: Double? {
    layout.elementCount == 1 ? numbers()?.first : nil
  }

  /// The elements as a tensor of a family, in another shape of as many elements.
  func tensor(shape: [Int], origin: String? = nil) -> NamedTensor {
    let (layout, storage) = (layout, storage)
    let isWhole = isWhole
    return NamedTensor(
      shape: Shape(shape), dtype: storage.dtype, origin: origin ?? storage.name
    ) {
      isWhole ? storage.floats() : layout.elements(of: storage.floats())
    }
  }
}
