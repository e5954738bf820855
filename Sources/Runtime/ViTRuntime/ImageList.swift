internal import ImageInput
internal import Tensors

/// Files and folders as a list of images.
package enum ImageList {
  private static let endings = [
    ".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff",
  ]

  /// A file as it is, a folder as its images in order of names; `note` is told of sub-folders, whose
  /// images are not among them, and of images of kinds that are not read.
  /// - Throws: `InputError` for a folder without images.
  package static func expand(_ path: String, note: (String) -> Void) throws -> [String] {
    guard FileSystem.isFolder(path) else { return [path] }
    let images = try images(in: path)
    let folders = try entries(of: path).count { FileSystem.isFolder("\(path)/\($0)") }
    let counted = folders == 1 ? "1 sub-folder" : "\(folders) sub-folders"
    guard !images.isEmpty else {
      throw InputError(
        file: path, field: "folder",
        expected: "images in the folder itself, named *\(endings.joined(separator: ", *"))",
        found: folders == 0 ? "none" : "none, but \(counted), which can be named as folders")
    }
    try noteUnread(in: path, note)
    if folders > 0 { note("\(path): \(counted) left out; name them too to label what is in them") }
    return images
  }

  /// Whether a file's name ends as those of images do that are read.
  package static func hasEnding(_ name: String) -> Bool {
    let lower = name.lowercased()
    return endings.contains { lower.hasSuffix($0) }
  }

  /// The images that lie in a folder itself, by their endings.
  package static func images(in folder: String) throws -> [String] {
    try entries(of: folder)
      .filter { hasEnding($0) && !FileSystem.isFolder("\(folder)/\($0)") }
      .map { "\(folder)/\($0)" }
  }

  /// The images that lie in a folder itself and in its sub-folders, in order of names.
  package static func images(below folder: String) throws -> [String] {
    let folders = try entries(of: folder).map { "\(folder)/\($0)" }.filter(FileSystem.isFolder)
    return try images(in: folder) + folders.flatMap(images(in:))
  }

  /// A file as it is; a folder as its images and those of all folders below it, each folder once, in order of names.
  /// `note` is told of images of kinds that are not read.
  /// - Throws: `InputError` for a folder without images.
  package static func all(below path: String, note: (String) -> Void) throws -> [String] {
    guard FileSystem.isFolder(path) else { return [path] }
    var seen: Set<FileIdentity> = []
    // Links can lead back to a folder above.
    func list(_ folder: String) throws -> [String] {
      guard let identity = FileIdentity(path: folder), seen.insert(identity).inserted else {
        return []
      }
      let folders = try entries(of: folder).map { "\(folder)/\($0)" }.filter(FileSystem.isFolder)
      try noteUnread(in: folder, note)
      return try Self.images(in: folder) + folders.flatMap(list)
    }
    let images = try list(path)
    guard !images.isEmpty else {
      throw InputError(
        file: path, field: "folder",
        expected: "images in it or below, named *\(endings.joined(separator: ", *"))", found: "none"
      )
    }
    return images
  }

  /// As ``noteUnread(in:_:)``, of a folder and its sub-folders.
  package static func noteUnread(below folder: String, _ note: (String) -> Void) throws {
    try noteUnread(in: folder, note)
    for path in try entries(of: folder).map({ "\(folder)/\($0)" }).filter(FileSystem.isFolder) {
      try noteUnread(in: path, note)
    }
  }

  /// Tells how many images of a folder are left out as their kinds are not read.
  private static func noteUnread(in folder: String, _ note: (String) -> Void) throws {
    var counts: [String: Int] = [:]
    for name in try entries(of: folder) {
      let lower = name.lowercased()
      if let ending = UnreadImageKind.endings.first(where: lower.hasSuffix) {
        counts[ending, default: 0] += 1
      }
    }
    guard !counts.isEmpty else { return }
    let kinds = counts.keys.sorted().map { "\(counts[$0] ?? 0) *\($0)" }.joined(separator: ", ")
    note("\(folder): left out, as such images are not read: \(kinds)")
  }

  /// Names in a folder, sorted, without hidden ones.
  package static func entries(of folder: String) throws -> [String] {
    try FileSystem.names(in: folder).filter { $0.utf8.first != UInt8(ascii: ".") }.sorted()
  }
}
