import TestSupport

extension RandomSource {
  /// A number below `limit`, which is at least 1.
  mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }

  /// True once in `share` times.
  mutating func once(in share: Int) -> Bool { below(share) == 0 }

  /// One of some values.
  mutating func pick<T>(_ values: [T]) -> T { values[below(values.count)] }
}

/// Changes that know nothing about the format.
enum ByteMutator {
  private static let numbers: [UInt64] = [
    0, 1, 2, 3, 7, 8, 63, 64, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 1 << 20, 1 << 24,
    (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32, 1 << 40, 1 << 62, (1 << 63) - 1, 1 << 63,
    .max - 7, .max - 1, .max,
  ]

  /// One to four changes.
  static func mutate(_ bytes: inout [UInt8], _ source: inout RandomSource) {
    #if LIBFUZZER
      if source.below(2) == 0 { return guidedChange(&bytes) }
    #endif
    for _ in 0...source.below(4) { change(&bytes, &source) }
  }

  private static func change(_ bytes: inout [UInt8], _ source: inout RandomSource) {
    guard !bytes.isEmpty else { return bytes.append(UInt8(source.below(256))) }
    // Headers are small and lie at either end: half of all changes go there.
    let place =
      switch source.below(4) {
      case 0: source.below(min(bytes.count, 64))
      case 1: bytes.count - 1 - source.below(min(bytes.count, 64))
      default: source.below(bytes.count)
      }
    switch source.below(9) {
    case 0, 1: bytes[place] ^= 1 << UInt8(source.below(8))
    case 2: bytes[place] = UInt8(source.below(256))
    case 3: overwrite(&bytes, at: place, with: source.pick(numbers), width: 1 << source.below(4))
    case 4:
      bytes[place] &+= UInt8(truncatingIfNeeded: source.below(7) - 3)
    case 5: bytes.removeSubrange(place...)
    case 6: bytes.removeSubrange(place..<min(bytes.count, place + 1 + source.below(16)))
    case 7:
      let start = source.below(bytes.count)
      let piece = bytes[start..<min(bytes.count, start + 1 + source.below(64))]
      bytes.insert(contentsOf: Array(piece), at: place)
    default:
      let start = source.below(bytes.count)
      let count = min(1 + source.below(64), bytes.count - max(start, place))
      bytes.replaceSubrange(place..<place + count, with: Array(bytes[start..<start + count]))
    }
  }

  private static func overwrite(
    _ bytes: inout [UInt8], at place: Int, with number: UInt64, width: Int
  ) {
    for index in 0..<width where place + index < bytes.count {
      bytes[place + index] = UInt8(truncatingIfNeeded: number >> UInt64(8 * index))
    }
  }
}

/// Changes of JSON text that mostly leave it JSON.
enum JSONMutator {
  private static let words: [String] = [
    "0", "-1", "1", "2", "1.5", "1e3", "1e400", "-0", "64", "4096", "65537", "9223372036854775807",
    "9223372036854775808", "4611686018427387904", "18446744073709551616", "null", "true", "[]",
    "{}", "\"\"", "\"F32\"", "\"F16\"", "\"I64\"", "\"\\ud800\"", "\"\\u0000\"", "[[[]]]", "\"0\"",
    "[1,2,3]", "[0,0]", "{\"a\":1}",
  ]

  /// Replaces, repeats or leaves out values; sometimes changes single bytes.
  static func mutate(_ text: inout [UInt8], _ source: inout RandomSource) {
    for _ in 0...source.below(3) {
      guard !source.once(in: 8) else {
        ByteMutator.mutate(&text, &source)
        continue
      }
      let tokens = tokens(of: text)
      guard !tokens.isEmpty else { return }
      let token = source.pick(tokens)
      switch source.below(6) {
      case 0: text.replaceSubrange(token, with: Array(text[source.pick(tokens)]))
      case 1:
        let other = source.pick(tokens)
        let range =
          min(token.lowerBound, other.lowerBound)..<max(token.upperBound, other.upperBound)
        let piece = Array(text[range])
        text.insert(contentsOf: [UInt8(ascii: ",")] + piece, at: range.upperBound)
      case 2:
        let other = source.pick(tokens)
        text.removeSubrange(
          min(token.lowerBound, other.lowerBound)..<max(token.lowerBound, other.lowerBound))
      default: text.replaceSubrange(token, with: Array(source.pick(words).utf8))
      }
    }
  }

  /// Where strings, numbers and words are.
  private static func tokens(of text: [UInt8]) -> [Range<Int>] {
    var tokens: [Range<Int>] = []
    var offset = 0
    func isWord(_ byte: UInt8) -> Bool {
      UnicodeScalar(byte).properties.isAlphabetic || (0x2B...0x39).contains(byte) && byte != 0x2C
    }
    while offset < text.count {
      let start = offset
      if text[offset] == UInt8(ascii: "\"") {
        offset += 1
        while offset < text.count, text[offset] != UInt8(ascii: "\"") { offset += 1 }
        offset = min(text.count, offset + 1)
        tokens.append(start..<offset)
      } else if isWord(text[offset]) {
        while offset < text.count, isWord(text[offset]) { offset += 1 }
        tokens.append(start..<offset)
      } else {
        offset += 1
      }
    }
    return tokens
  }
}
