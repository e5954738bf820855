package import PlanFormat
package import Tensors

/// An image and its class.
package struct LabelledImage {
  package let path: String
  package let label: Int
}

/// A folder of images whose classes are told by the names of files or sub-folders.
package enum LabelledFolder {
  /// Images whose classes are known.
  package struct Contents {
    /// Each with its class, in order of names.
    package var images: [LabelledImage] = []

    /// How many images are of other classes.
    package var unknown = 0

    /// Keeps so many images at most, evenly spread.
    package mutating func keep(_ limit: Int) {
      guard images.count > limit else { return }
      images = (0..<limit).map { images[$0 * images.count / limit] }
    }
  }

  /// Every image with its class.
  /// - Parameters:
  ///   - remedy: what other labels can be named with, if anything.
  ///   - skipped: told of sub-folders and files whose classes are not known.
  /// - Throws: `InputError` if no class is.
  package static func contents(
    of folder: String, labels: [Label], classes: Int, remedy: String? = nil,
    skipped: (InputError) -> Void
  ) throws -> Contents {
    var indices: [String: Int] = [:]
    for (index, label) in labels.enumerated() {
      indices[label.name] = index
    }
    for (index, label) in labels.enumerated() { indices[label.identifier] = index }
    var contents = Contents()
    var unknown: [InputError] = []
    func add(_ images: [String], named name: String, at path: String) {
      if let index = indices[name] ?? Int(name), (0..<classes).contains(index) {
        contents.images += images.map { LabelledImage(path: $0, label: index) }
        return
      }
      var found = "'\(name)'"
      if labels.isEmpty { found += ", and the plan has no labels" }
      if let remedy {
        found += labels.isEmpty ? "; name them with " : "; other labels can be named with "
        found += remedy
      }
      let error = InputError(
        file: path, field: "class",
        expected: "an identifier or name of the labels, or a number below \(classes)",
        found: found)
      contents.unknown += images.count
      unknown.append(error)
    }
    for (name, path, images) in try groups(in: folder) { add(images, named: name, at: path) }
    // Where no class is known, one line says why; a note for each would only repeat it.
    if contents.images.isEmpty, let first = unknown.first { throw first }
    for error in unknown { skipped(error) }
    return contents
  }

  /// Every image with what its class is called, in order of names.
  package static func names(in folder: String) throws -> [(path: String, name: String)] {
    try groups(in: folder).flatMap { group in group.images.map { ($0, group.name) } }
  }

  /// Images that are called alike, and the sub-folder or file whose name says so.
  private static func groups(in folder: String) throws
    -> [(name: String, path: String, images: [String])]
  {
    let folders = try ImageList.entries(of: folder).filter {
      FileSystem.isFolder("\(folder)/\($0)")
    }
    if folders.isEmpty {
      return try ImageList.images(in: folder).map { path in
        let identifier = PathText.lastName(of: path).prefix { $0 != "_" && $0 != "." }
        return (String(identifier), path, [path])
      }
    }
    return try folders.map { name in
      let path = "\(folder)/\(name)"
      return (name, path, try ImageList.images(in: path))
    }
  }
}
