import FileSupport
import Tensors
import Testing

@Suite struct NPYFileTests {
  let folder = TemporaryFolder()

  private func npy(_ header: String, version: UInt8 = 1, data: [UInt8] = []) throws -> String {
    let length = [UInt8(header.utf8.count & 0xFF), UInt8(header.utf8.count >> 8)]
    let rest = version == 1 ? [] : [0, 0] as [UInt8]
    var file: [UInt8] = [0x93] + Array("NUMPY".utf8)
    file += [version, 0] + length + rest
    file += Array(header.utf8) + data
    return try folder.write(file, to: "a.npy")
  }

  @Test func whatIsWrittenIsReadAgain() throws {
    let path = "\(folder.path)/a.npy"
    let values = (0..<24).map { Float($0) * 0.1 }
    try NPYFile.write(values, shape: [1, 2, 3, 4], to: path)
    let (shape, got) = try NPYFile.readFloat32(path: path)
    let bytes = try contents(path)
    let header = NPYFile.header(of: values.count, shape: [1, 2, 3, 4])
    #expect(bytes == header + values.withUnsafeBytes(Array.init))
    let stream = try ByteBuffer(count: bytes.count, for: "stream")
    stream.bytes.copyBytes(from: bytes)
    #expect(try NPYFile.view(stream, file: "stream").float32Values() == got)
    #expect(shape == [1, 2, 3, 4])
    #expect(got == values)
    // NumPy aligns data to 64 bytes.
    #expect(try contents(path).count == 128 + 96)
  }

  @Test func bytesAreReadWhereTheyAreAskedFor() throws {
    let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 2), }"
    let path = try npy(header, data: [0, 1, 128, 255])
    let view = try NPYFile.view(path: path, takesBytes: true)
    #expect(view.dtype == .uint8 && view.float32Values() == [0, 1, 128, 255])
    let error = #expect(throws: InputError.self) { try NPYFile.view(path: path) }
    #expect(error?.expected == "'<f4' (little-endian float32)")
  }

  @Test(arguments: [
    ("{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }", "descr"),
    ("{'descr': '<f4', 'fortran_order': True, 'shape': (1,), }", "fortran_order"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", "data"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", "header at byte"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (True,), }", "header at byte"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904,), }", "shape"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }", "header at"),
    ("{'descr': '<f4', 'fortran_order': False}", "header"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}", "header"),
    ("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}", "header"),
    ("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", "descr"),
    ("__import__('os').system('true')", "header at byte 0"),
    ("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }x", "header at byte"),
    ("", "header at byte 0"), ("{'descr", "header at byte"),
  ])
  func namesWhatIsWrong(header: String, field: String) throws {
    let path = try npy(header, data: [0, 0, 0x80, 0x3F])
    let error = #expect(throws: InputError.self) { try NPYFile.readFloat32(path: path) }
    #expect(error?.field.hasPrefix(field) == true, "\(error?.description ?? "")")
  }

  @Test(arguments: [1, 2, 3] as [UInt8])
  func everyVersionIsRead(version: UInt8) throws {
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (), }\n"
    let path = try npy(header, version: version, data: [0, 0, 0x80, 0x3F])
    #expect(try NPYFile.readFloat32(path: path).values == [1])
  }

  @Test func refusesOtherVersionsAndCutFiles() throws {
    #expect(throws: InputError.self) { try NPYFile.readFloat32(path: npy("{}", version: 4)) }
    for count in 0..<12 {
      let bytes = Array(([0x93] + Array("NUMPY".utf8) + [2, 0, 0xFF, 0xFF, 0xFF, 0xFF])[..<count])
      let path = try folder.write(bytes, to: "cut.npy")
      #expect(throws: InputError.self) { try NPYFile.readFloat32(path: path) }
    }
  }
}
