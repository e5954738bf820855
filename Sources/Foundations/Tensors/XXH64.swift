/// The 64-bit xxHash checksum (algorithm: xxHash specification, section XXH64), seed 0.
///
/// Not cryptographic: it finds damage, not forgery. Runs at about the speed of reading memory.
package struct XXH64 {
  /// Bytes that are taken in together.
  package static let stripe = 32

  private static let prime1: UInt64 = 0x9E37_79B1_85EB_CA87
  private static let prime2: UInt64 = 0xC2B2_AE3D_27D4_EB4F
  private static let prime3: UInt64 = 0x1656_67B1_9E37_79F9
  private static let prime4: UInt64 = 0x85EB_CA77_C2B2_AE63
  private static let prime5: UInt64 = 0x27D4_EB2F_1656_67C5

  private var lanes: (UInt64, UInt64, UInt64, UInt64)
  private var absorbed = 0

  /// Starts a checksum of bytes that arrive in parts.
  package init() {
    lanes = (Self.prime1 &+ Self.prime2, Self.prime2, 0, 0 &- Self.prime1)
  }

  /// Takes in the whole stripes at the front of `bytes`; the caller hands in the rest again.
  package mutating func absorb(_ bytes: UnsafeRawBufferPointer) {
    var (lane1, lane2, lane3, lane4) = lanes
    var offset = 0
    while bytes.count &- offset >= Self.stripe {
      lane1 = Self.round(lane1, Self.word(bytes, offset))
      lane2 = Self.round(lane2, Self.word(bytes, offset &+ 8))
      lane3 = Self.round(lane3, Self.word(bytes, offset &+ 16))
      lane4 = Self.round(lane4, Self.word(bytes, offset &+ 24))
      offset &+= Self.stripe
    }
    lanes = (lane1, lane2, lane3, lane4)
    absorbed += offset
  }

  /// The checksum of everything absorbed, followed by `rest`.
  package consuming func finish(_ rest: UnsafeRawBufferPointer) -> UInt64 {
    absorb(rest)
    let (lane1, lane2, lane3, lane4) = lanes
    var hash = Self.prime5
    if absorbed > 0 {
      hash =
        Self.rotate(lane1, 1) &+ Self.rotate(lane2, 7) &+ Self.rotate(lane3, 12)
        &+ Self.rotate(lane4, 18)
      for lane in [lane1, lane2, lane3, lane4] {
        hash = (hash ^ Self.round(0, lane)) &* Self.prime1 &+ Self.prime4
      }
    }
    var offset = rest.count / Self.stripe * Self.stripe
    hash = hash &+ UInt64(absorbed + rest.count - offset)
    while offset + 8 <= rest.count {
      hash = Self.rotate(hash ^ Self.round(0, Self.word(rest, offset)), 27)
      hash = hash &* Self.prime1 &+ Self.prime4
      offset += 8
    }
    if offset + 4 <= rest.count {
      let half = UInt32(littleEndian: rest.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
      hash = Self.rotate(hash ^ (UInt64(half) &* Self.prime1), 23) &* Self.prime2 &+ Self.prime3
      offset += 4
    }
    while offset < rest.count {
      hash = Self.rotate(hash ^ (UInt64(rest[offset]) &* Self.prime5), 11) &* Self.prime1
      offset += 1
    }
    hash = (hash ^ (hash >> 33)) &* Self.prime2
    hash = (hash ^ (hash >> 29)) &* Self.prime3
    return hash ^ (hash >> 32)
  }

  /// The checksum of all bytes.
  package static func hash(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
    XXH64().finish(bytes)
  }

  /// The checksum of an array.
  package static func hash(_ bytes: [UInt8]) -> UInt64 {
    bytes.withUnsafeBytes { hash($0) }
  }

  @inline(__always)
  private static func word(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt64 {
    UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  @inline(__always)
  private static func round(_ lane: UInt64, _ word: UInt64) -> UInt64 {
    rotate(lane &+ word &* prime2, 31) &* prime1
  }

  @inline(__always)
  private static func rotate(_ value: UInt64, _ bits: UInt64) -> UInt64 {
    (value << bits) | (value >> (64 &- bits))
  }
}
