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
    let classesNamed = ClassNames(labels)
    var contents = Contents()
    var unknown: [InputError] = []
    func add(_ images: [String], named name: String, at path: String) {
      let named = classesNamed.classes(name)
      if let index = named.isEmpty ? Int(name) : named.first, named.count <= 1,
        (0..<classes).contains(index)
      {
        contents.images += images.map { LabelledImage(path: $0, label: index) }
        return
      }
      contents.unknown += images.count
      guard named.count <= 1 else {
        unknown.append(
          InputError(
            file: path, field: "class",
            expected: "a name of one class; its number, or the labels' identifier, says which",
            found:
              "'\(name)', as classes \(named.map(String.init).joined(separator: " and ")) are called"
          ))
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
      unknown.append(error)
    }
    var beside = 0
    let groups = try groups(in: folder) { error, count in
      skipped(error)
      beside += count
    }
    for (name, path, images) in groups { add(images, named: name, at: path) }
    contents.unknown += beside
    // Where no class is known, one line says why; a note for each would only repeat it.
    if contents.images.isEmpty, let first = unknown.first { throw first }
    for error in unknown { skipped(error) }
    return contents
  }

  /// Every image with what its class is called, in order of names.
  /// - Parameter skipped: told of images that are of no class, and of sub-folders of classes.
  package static func names(in folder: String, skipped: (InputError) -> Void) throws
    -> [(path: String, name: String)]
  {
    try groups(in: folder) { error, _ in skipped(error) }
      .flatMap { group in group.images.map { ($0, group.name) } }
  }

  /// Images that are called alike, and the sub-folder or file whose name says so: of sub-folders with images if there
  /// are any, else of files.
  /// - Parameter leftOut: told of what is not looked at, and how many images that are known of are among it.
  private static func groups(in folder: String, leftOut: (InputError, Int) -> Void) throws
    -> [(name: String, path: String, images: [String])]
  {
    var groups: [(name: String, path: String, images: [String])] = []
    for name in try ImageList.entries(of: folder) {
      let path = "\(folder)/\(name)"
      guard FileSystem.isFolder(path) else { continue }
      let below = try ImageList.entries(of: path).count { FileSystem.isFolder("\(path)/\($0)") }
      if below > 0 {
        let error = InputError(
          file: path, field: "folder", expected: "the images of a class in the folder itself",
          found: below == 1 ? "a sub-folder" : "\(below) sub-folders")
        leftOut(error, 0)
      }
      let images = try ImageList.images(in: path)
      if !images.isEmpty { groups.append((name, path, images)) }
    }
    let loose = try ImageList.images(in: folder)
    guard !groups.isEmpty else {
      return loose.map { path in
        let identifier = PathText.lastName(of: path).prefix { $0 != "_" && $0 != "." }
        return (String(identifier), path, [path])
      }
    }
    if !loose.isEmpty {
      let error = InputError(
        file: folder, field: "folder", expected: "images in sub-folders, as there are such",
        found: loose.count == 1 ? "an image beside them" : "\(loose.count) images beside them")
      leftOut(error, loose.count)
    }
    return groups
  }
}

/// What labels call classes.
private struct ClassNames {
  private var byIdentifier: [String: [Int]] = [:]
  private var byName: [String: [Int]] = [:]

  init(_ labels: [Label]) {
    for (index, label) in labels.enumerated() {
      byIdentifier[label.identifier, default: []].append(index)
      if label.name != label.identifier { byName[label.name, default: []].append(index) }
    }
  }

  /// The classes that are called so, by an identifier before any name.
  func classes(_ name: String) -> [Int] { byIdentifier[name] ?? byName[name] ?? [] }
}
