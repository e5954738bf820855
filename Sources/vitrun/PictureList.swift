internal import Tensors

/// Files and folders as a list of pictures.
enum PictureList {
  private static let endings = [".jpg", ".jpeg", ".png", ".webp"]

  /// Files as they are, folders as their pictures in order of names.
  static func expand(_ paths: [String]) throws -> [String] {
    try paths.flatMap { path in
      FileSystem.isFolder(path) ? try pictures(in: path) : [path]
    }
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
    try FileSystem.names(in: folder).filter { $0.utf8.first != UInt8(ascii: ".") }.sorted()
  }
}
