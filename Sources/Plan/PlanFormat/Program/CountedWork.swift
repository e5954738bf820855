/// What a program executes for an image where images have different numbers of tokens: fewer multiply-adds than it says,
/// by what the tokens that an image does not use would take.
package struct CountedWork: Sendable {
  /// A product over tokens, of which a count says how many are not in use.
  private struct Product {
    let count: Int
    let cost: Cost
  }

  private enum Cost {
    /// Multiply-adds of each of so many tokens.
    case rows(Int, each: Int)
    /// Both products of attention, of so many queries, or of all tokens.
    case attention(tokens: Int, queries: Int?, width: Int)
  }

  private let products: [Product]
  private let all: Int

  /// Of a verified program; its similarity products have no counts in any plan that `vitc` writes.
  package init(_ program: Program, constants: [ConstantRecord]) {
    all = program.executedMultiplyAdds
    products = program.steps.compactMap { record in
      switch record.step {
      case .linear(let step):
        return program.unusedRows(of: step.input).map {
          Product(
            count: $0,
            cost: .rows(step.input.count, each: constants[step.weight].shape.reduce(1, *)))
        }
      case .headLinear(let step):
        let each = step.heads * constants[step.weight].shape.reduce(1, *)
        return program.unusedRows(of: step.input).map {
          Product(count: $0, cost: .rows(step.input.count, each: each))
        }
      case .attention(let step): return Self.product(step, program)
      case .quantizedAttention(let step): return Self.product(step.attention, program)
      default: return nil
      }
    }
  }

  private static func product(_ step: AttentionStep, _ program: Program) -> Product? {
    let tokens = program.buffers[step.qkv].rows
    return program.buffers[step.qkv].unused.map {
      Product(
        count: $0.buffer,
        cost: .attention(
          tokens: tokens, queries: step.queries == tokens ? nil : step.queries,
          width: step.heads * step.headWidth))
    }
  }

  /// Whether it can differ from image to image.
  package var isEmpty: Bool { products.isEmpty }

  /// Multiply-adds that are executed for an image.
  /// - Parameter unused: what the buffer of a count holds behind the last step. Of a hostile plan that may be anything.
  package func multiplyAdds(unused: (Int) throws -> Int) rethrows -> Int {
    let left = try products.reduce(Double(all)) { left, product in
      let found = try unused(product.count)
      func used(of tokens: Int) -> Double { Double(tokens - min(max(found, 0), tokens)) }
      switch product.cost {
      case .rows(let tokens, let each):
        return left - (Double(tokens) - used(of: tokens)) * Double(each)
      case .attention(let tokens, let queries, let width):
        let most = Double(queries ?? tokens) * Double(tokens)
        let own = (queries.map(Double.init) ?? used(of: tokens)) * used(of: tokens)
        return left - 2 * (most - own) * Double(width)
      }
    }
    return Int(min(max(left, 0), 0x1p62))
  }
}
