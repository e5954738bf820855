/// Keys of 64 bits that order values, and those that are equal by their index.
enum SortKey {
  /// Bits that are ordered as floats are: NaN below everything, and both zeros alike.
  static func bits(_ value: Float) -> UInt32 {
    if value.isNaN { return 0 }
    let bits = (value + 0).bitPattern
    return bits & 0x8000_0000 == 0 ? bits | 0x8000_0000 : ~bits
  }

  /// The key of a value's bits at an index.
  static func key(_ bits: UInt32, index: Int) -> UInt64 {
    UInt64(bits) << 32 | UInt64(UInt32(truncatingIfNeeded: index))
  }

  /// The index of a key.
  static func index(of key: UInt64) -> Int { Int(key & 0xFFFF_FFFF) }

  /// Sorts keys, ascending, in place.
  static func sort(_ keys: UnsafeMutablePointer<UInt64>, count: Int) {
    for parent in stride(from: count / 2 - 1, through: 0, by: -1) { sift(keys, parent, of: count) }
    for end in stride(from: count - 1, to: 0, by: -1) {
      (keys[0], keys[end]) = (keys[end], keys[0])
      sift(keys, 0, of: end)
    }
  }

  /// Moves a key down in a heap until none below it is larger.
  private static func sift(_ keys: UnsafeMutablePointer<UInt64>, _ start: Int, of count: Int) {
    var place = start
    while 2 * place + 1 < count {
      var child = 2 * place + 1
      if child + 1 < count, keys[child + 1] > keys[child] { child += 1 }
      guard keys[child] > keys[place] else { return }
      (keys[place], keys[child]) = (keys[child], keys[place])
      place = child
    }
  }
}
