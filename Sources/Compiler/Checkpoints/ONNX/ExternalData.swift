internal import CLibrary
internal import Tensors

/// The files beside a model that tensors lie in.
///
/// A model names them itself, so a name may not lead out of the model's folder: no absolute paths,
/// no `..`, no symbolic links on the way, no file that has another name elsewhere.
struct ExternalData {
  private let folder: String
  private var opened: [String: MappedFile] = [:]

  /// The files that were opened, in the order of their names.
  var files: [MappedFile] { opened.sorted { $0.key < $1.key }.map(\.value) }

  typealias Fail = (_ field: String, _ expected: String, _ found: String) -> InputError

  init(model: String) {
    folder = CheckpointFolder(containing: model).path
  }

  /// The tensor that a list of keys and values describes.
  mutating func view(
    _ entries: [(key: String, value: String)], dtype: DType, shape: Shape, size: Int, _ fail: Fail
  ) throws -> TensorView {
    var values: [String: String] = [:]
    for entry in entries {
      guard values.updateValue(entry.value, forKey: entry.key) == nil else {
        throw fail("external data, \(entry.key)", "each key once", "it twice")
      }
    }
    guard let location = values["location"] else {
      throw fail("external data, location", "a file name", "none")
    }
    let file = try self.file(location, fail)
    let offset = try Self.number(values["offset"], "offset", fail) ?? 0
    guard offset <= file.count else {
      throw fail(
        "external data, offset", "at most the \(file.count) bytes of \(location)", "\(offset)")
    }
    let length = try Self.number(values["length"], "length", fail) ?? (file.count - offset)
    guard length <= file.count - offset else {
      throw fail(
        "external data, length", "at most the \(file.count - offset) bytes left in \(location)",
        "\(length)")
    }
    guard length == size,
      let view = TensorView(
        dtype: dtype, shape: shape, storage: .file(file), range: offset..<(offset + length))
    else {
      throw fail(
        "external data, length", "\(size) bytes for \(shape) of \(dtype.rawValue)", "\(length)")
    }
    return view
  }

  private static func number(_ text: String?, _ key: String, _ fail: Fail) throws -> Int? {
    guard let text else { return nil }
    guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
      let number = Int(text)
    else { throw fail("external data, \(key)", "a number of bytes", "'\(text)'") }
    return number
  }

  private mutating func file(_ location: String, _ fail: Fail) throws -> MappedFile {
    if let file = opened[location] { return file }
    func refuse(_ found: String) -> InputError {
      fail("external data, location", "a file in the model's folder", "'\(location)', \(found)")
    }
    // By bytes: as a character, a slash before a combining accent is no slash.
    let slash = UInt8(ascii: "/")
    guard location.utf8.first != slash else { throw refuse("an absolute path") }
    let parts = location.utf8.split(separator: slash).map(Substring.init).filter { $0 != "." }
    guard let name = parts.last, location.utf8.last != slash else { throw refuse("no file name") }
    guard !parts.contains("..") else { throw refuse("which leads out of it") }
    guard !location.contains("\\") else { throw refuse("a path of another system") }
    let descriptor = try Self.open(parts.dropLast(), name, in: folder, refuse)
    var status = stat()
    guard fstat(descriptor, &status) == 0,
      status.st_mode & S_IFMT != S_IFREG || status.st_nlink == 1
    else {
      close(descriptor)
      throw refuse("a file with \(status.st_nlink) names (hard links); copy it")
    }
    let path = folder == "." ? location : "\(folder)/\(location)"
    let file = try MappedFile(owning: descriptor, path: path)
    opened[location] = file
    return file
  }

  /// Opens a file without following links below `folder`.
  private static func open(
    _ parents: ArraySlice<Substring>, _ name: Substring, in folder: String,
    _ refuse: (String) -> InputError
  ) throws -> Int32 {
    var parent = FileSystem.open(folder, O_RDONLY | O_DIRECTORY)
    guard parent >= 0 else { throw refuse(String(cString: strerror(errno))) }
    defer { close(parent) }
    for part in parents {
      let next = openat(parent, String(part), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
      guard next >= 0 else {
        throw refuse(reason(errno, isLink(parent, part), "in a folder that is a symbolic link"))
      }
      close(parent)
      parent = next
    }
    let file = openat(parent, String(name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard file >= 0 else {
      throw refuse(reason(errno, isLink(parent, name), "a symbolic link; copy the file there"))
    }
    return file
  }

  private static func isLink(_ parent: Int32, _ name: Substring) -> Bool {
    var status = stat()
    return fstatat(parent, String(name), &status, AT_SYMLINK_NOFOLLOW) == 0
      && status.st_mode & S_IFMT == S_IFLNK
  }

  private static func reason(_ code: Int32, _ isLink: Bool, _ link: String) -> String {
    isLink ? link : String(cString: strerror(code))
  }
}
