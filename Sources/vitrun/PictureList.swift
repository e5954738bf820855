internal import Glibc
internal import Tensors

/// Files and folders as a list of pictures.
enum PictureList {
  private static let endings = [".jpg", ".jpeg", ".png", ".webp"]

  /// Files as they are, folders as their pictures in order of names.
  static func expand(_ paths: [String]) throws -> [String] {
    try paths.flatMap { path in
      isFolder(path) ? try pictures(in: path) : [path]
    }
  }

  /// Whether a path is a folder.
  static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// The pictures that lie in a folder itself, by their endings.
  static func pictures(in folder: String) throws -> [String] {
    try entries(of: folder)
      .filter { name in
        let lower = name.lowercased()
        return endings.contains { lower.hasSuffix($0) }
      }
      .map { "\(folder)/\($0)" }
  }

  /// Names in a folder, sorted, without hidden ones.
  static func entries(of folder: String) throws -> [String] {
    guard let directory = opendir(folder) else {
      throw InputError(
        file: folder, field: "folder", expected: "to be readable",
        found: String(cString: strerror(errno)))
    }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names.sorted()
  }
}
