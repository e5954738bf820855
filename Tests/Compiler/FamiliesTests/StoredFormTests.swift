import Checkpoints
import Families
import JSON
import ModelGraph
import Tensors
import TestSupport
import Testing

/// Tensors of the libraries' checkpoints in other types and shapes than they have there.
@Suite struct StoredFormTests {
  /// The folders whose tensors lie in one file of safetensors, each once.
  private static let folders: [ImportFixtures.Case] = {
    var seen: Set<String> = []
    return ImportFixtures.cases.filter { item in
      guard let place = item.json["files"]?["model.safetensors"]?.string else { return false }
      return seen.insert(place).inserted
    }
  }()

  private struct Stored {
    var shape: [Int]
    var type = "F32"
    var bytes: [UInt8]
  }

  /// The files of a case, with other tensors.
  private static func imported(
    _ item: ImportFixtures.Case, _ change: ([String: TensorView]) -> [String: Stored]
  ) throws -> ImportedModel {
    let folder = try TemporaryFolder()
    for file in try #require(try item.value("files").members) {
      let path = "\(ImportFixtures.folder)/\(try #require(file.value.string))"
      guard file.name == "model.safetensors" else {
        let bytes = try MappedFile(path: path).withBytes { Array($0) }
        _ = try folder.write(bytes, to: file.name)
        continue
      }
      _ = try folder.write(
        safetensors(change(try Checkpoint.open(MappedFile(path: path)).tensors)), to: file.name)
    }
    return try ModelImporter.importModel(
      try Checkpoint.open(folder.path), options: try item.options())
  }

  private static func safetensors(_ tensors: [String: Stored]) -> [UInt8] {
    var (header, data): ([String], [UInt8]) = ([], [])
    for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
      let end = data.count + tensor.bytes.count
      header.append(
        "\(JSONValue.string(name).text()):{\"dtype\":\"\(tensor.type)\",\"shape\":"
          + "[\(tensor.shape.map(String.init).joined(separator: ","))],"
          + "\"data_offsets\":[\(data.count),\(end)]}")
      data += tensor.bytes
    }
    let text = Array("{\(header.joined(separator: ","))}".utf8)
    return withUnsafeBytes(of: UInt64(text.count).littleEndian, Array.init) + text + data
  }

  private static func bytes<T>(_ values: [T]) -> [UInt8] {
    values.withUnsafeBytes { Array($0) }
  }

  private static func stored(_ view: TensorView) -> Stored {
    guard view.dtype.isFloatingPoint else {
      return Stored(
        shape: view.shape.extents, type: "I64",
        bytes: bytes((view.integerValues() ?? []).map(Int64.init)))
    }
    return Stored(shape: view.shape.extents, bytes: bytes(view.float32Values()))
  }

  @Test func thereAreFolders() { #expect(Self.folders.count > 60) }

  private static func values(_ model: ImportedModel) throws -> [[Float]] {
    try model.graph.constants.map { constant in
      guard case .computed(let values) = constant.source else { return [] }
      return try values()
    }
  }

  /// Numbers of float64 are those of float32 wherever a scheme reads parts of tensors.
  @Test(arguments: folders)
  func float64IsReadAsFloat32IsRead(of item: ImportFixtures.Case) throws {
    let wide = try Self.imported(item) { tensors in
      tensors.mapValues { view in
        guard view.dtype.isFloatingPoint else { return Self.stored(view) }
        return Stored(
          shape: view.shape.extents, type: "F64",
          bytes: Self.bytes(view.float32Values().map(Double.init)))
      }
    }
    let narrow = try Self.imported(item) { $0.mapValues(Self.stored) }
    #expect(try Self.values(wide) == Self.values(narrow))
  }

  /// A tensor that has lost its axes is an error wherever it is read, and no trap.
  @Test(arguments: folders)
  func aScalarIsNoVector(of item: ImportFixtures.Case) throws {
    let place = try #require(try item.value("files")["model.safetensors"]?.string)
    let tensors = try Checkpoint.open(MappedFile(path: "\(ImportFixtures.folder)/\(place)")).tensors
    var refused = 0
    for (name, view) in tensors where view.shape.rank > 0 && view.dtype.isFloatingPoint {
      do {
        let model = try Self.imported(item) { tensors in
          var changed = tensors.mapValues(Self.stored)
          changed[name] = Stored(shape: [], bytes: Self.bytes([Float(1)]))
          return changed
        }
        _ = try Self.values(model)
      } catch is InputError {
        refused += 1
      }
    }
    // Of some nothing is read, of text towers for example.
    #expect(refused >= 20)
  }
}
