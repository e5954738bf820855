import CLibrary
import KernelInterface
import Testing

/// Pooling of the rows of three images, of which some need not be in use, against double precision.
@Suite struct PoolingTests {
  private static let shapes = [(1, 5), (7, 24), (197, 100), (49, 384)]

  /// What rows weigh, in each image behind one entry that is no row's; and how many rows are not in use.
  private struct Case {
    let count: Int
    let unused: Buffer<Int32>
    let sizes: Buffer<Float>

    init(_ count: Int) {
      self.count = count
      unused = Buffer([Int32(count - 1), 0, Int32(count / 2)])
      var values = Values(seed: 21)
      sizes = Buffer(values.array(3 * (count + 1)).map { 1 + abs($0 * 4).rounded(.up) })
    }

    func used(_ image: Int, _ isCounted: Bool) -> Range<Int> {
      0..<count - (isCounted ? Int(unused.pointer[image]) : 0)
    }

    func size(_ image: Int, _ row: Int, _ isWeighed: Bool) -> Double {
      isWeighed ? Double(sizes.pointer[image * (count + 1) + 1 + row]) : 1
    }
  }

  @Test(arguments: Implementation.all, shapes)
  func meansAreWeighedByRows(implementation: Implementation, shape: (Int, Int)) {
    let (count, width) = shape
    let (test, x) = (Case(count), RowTests.Rows(count: count, width: width, seed: 3))
    for (isWeighed, isCounted) in [(false, false), (true, false), (false, true), (true, true)] {
      let out = RowTests.Rows(count: 1, width: width, seed: 4)
      let arguments = ReduceMeanArguments(
        input: x.input, output: out.output, images: 3, rows: count, width: width,
        weights: isWeighed ? test.sizes.constant + 1 : nil, weightStride: count + 1,
        unused: UnusedRows(isCounted ? test.unused.constant : nil))
      runItems(arguments.items.count) { item, _ in
        implementation.kernels.reduceMean(arguments, item: item)
      }
      let wanted = (0..<3).flatMap { image in
        let rows = test.used(image, isCounted)
        let total = rows.reduce(0.0) { $0 + test.size(image, $1, isWeighed) }
        return (0..<width).map { c in
          rows.reduce(0.0) { $0 + test.size(image, $1, isWeighed) * x.value(image, $1, c) } / total
        }
      }
      expectClose(out.inner, wanted, "weighed \(isWeighed), counted \(isCounted)")
    }
  }

  @Test(arguments: Implementation.all, shapes)
  func oneQueryAttendsToAllTokens(implementation: Implementation, shape: (Int, Int)) {
    let (count, heads, d) = (shape.0, 3, shape.1 % 37 + 1)
    let (test, x) = (Case(count), RowTests.Rows(count: count, width: 2 * heads * d, seed: 5))
    var values = Values(seed: 6)
    let query = Buffer(values.array(heads * d, scale: 3))
    for (isWeighed, isCounted) in [(false, false), (true, false), (false, true), (true, true)] {
      let out = RowTests.Rows(count: 1, width: heads * d, seed: 7)
      let arguments = AttentionPoolArguments(
        input: x.input, query: query.constant, output: out.output, images: 3, tokens: count,
        heads: heads, headWidth: d, scale: 0.7, sizes: isWeighed ? test.sizes.constant + 1 : nil,
        sizeStride: count + 1, unused: UnusedRows(isCounted ? test.unused.constant : nil))
      runItems(arguments.items.count, scratchBytes: arguments.scratchBytes) {
        implementation.kernels.attentionPool(arguments, item: $0, scratch: $1)
      }
      let wanted = (0..<3).flatMap { image in
        (0..<heads * d).map { column in
          let keys = test.used(image, isCounted)
          let first = column / d * d
          let shares = keys.map { key in
            let product = (first..<first + d).reduce(0.0) {
              $0 + Double(query.pointer[$1]) * x.value(image, key, $1)
            }
            return exp(Double(Float(0.7)) * product) * test.size(image, key, isWeighed)
          }
          let sum = zip(keys, shares).reduce(0.0) {
            $0 + $1.1 * x.value(image, $1.0, heads * d + column)
          }
          return sum / shares.reduce(0, +)
        }
      }
      expectClose(out.inner, wanted, "weighed \(isWeighed), counted \(isCounted)")
    }
  }
}
