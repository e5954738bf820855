internal import PlanFormat
internal import Tensors

/// A picture and its class.
struct LabelledPicture {
  let path: String
  let label: Int
}

/// A folder of pictures whose classes are told by the names of files or sub-folders.
enum LabelledFolder {
  /// Every picture with its class, in order of names.
  static func pictures(in folder: String, labels: [Label], classes: Int) throws
    -> [LabelledPicture]
  {
    guard labels.isEmpty || labels.count == classes else {
      throw InputError(
        file: "--labels", field: "lines", expected: "\(classes), one a class",
        found: "\(labels.count)")
    }
    var indices: [String: Int] = [:]
    for (index, label) in labels.enumerated() {
      indices[label.name] = index
    }
    for (index, label) in labels.enumerated() { indices[label.identifier] = index }
    func index(of name: String) throws -> Int {
      if let index = indices[name] ?? Int(name), (0..<classes).contains(index) { return index }
      throw InputError(
        file: "\(folder)/\(name)", field: "class",
        expected: "an identifier or name of the labels, or a number below \(classes)",
        found: labels.isEmpty ? "'\(name)', and the plan has no labels; use --labels" : "'\(name)'")
    }
    let names = try PictureList.entries(of: folder)
    let folders = names.filter { FileSystem.isFolder("\(folder)/\($0)") }
    if folders.isEmpty {
      return try PictureList.pictures(in: folder).map { path in
        let identifier = PathText.lastName(of: path).prefix { $0 != "_" && $0 != "." }
        return LabelledPicture(path: path, label: try index(of: String(identifier)))
      }
    }
    return try folders.flatMap { name in
      let label = try index(of: name)
      return try PictureList.pictures(in: "\(folder)/\(name)").map {
        LabelledPicture(path: $0, label: label)
      }
    }
  }
}
