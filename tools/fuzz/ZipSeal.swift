import CZlib

/// Makes a changed archive's checksums right again, so that its arrays are reached.
enum ZipSeal {
  /// Recomputes the CRC of every member that is stored as it is, in both of its headers.
  static func seal(_ archive: inout [UInt8]) {
    for place in places(of: [0x50, 0x4B, 1, 2], in: archive) where place + 46 <= archive.count {
      sealMember(&archive, record: place)
    }
  }

  /// Where some bytes occur.
  static func places(of pattern: [UInt8], in bytes: [UInt8]) -> [Int] {
    bytes.withUnsafeBytes { bytes in
      bytes.indices.dropLast(pattern.count - 1).filter { start in
        pattern.indices.allSatisfy { bytes[start + $0] == pattern[$0] }
      }
    }
  }

  private static func sealMember(_ archive: inout [UInt8], record: Int) {
    let (method, size) = (number(archive, record + 10, 2), number(archive, record + 20, 4))
    let header = number(archive, record + 42, 4)
    guard method == 0, header + 30 <= archive.count else { return }
    let start = header + 30 + number(archive, header + 26, 2) + number(archive, header + 28, 2)
    guard start <= archive.count, size <= archive.count - start else { return }
    let checksum = archive[start..<start + size].withUnsafeBytes {
      crc32_z(0, $0.bindMemory(to: UInt8.self).baseAddress, $0.count)
    }
    for index in 0..<4 {
      let byte = UInt8(truncatingIfNeeded: checksum >> UInt(8 * index))
      archive[record + 16 + index] = byte
      archive[header + 14 + index] = byte
    }
  }

  private static func number(_ bytes: [UInt8], _ offset: Int, _ width: Int) -> Int {
    (0..<width).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
  }
}
