import CLibrary
import PlanFormat
import TestSupport
import Tensors
import Testing
import ViTRuntime

/// Which class an image of a folder is taken for, and that nothing of a folder is left out in silence.
struct LabelledFolderTests {
  private let labels = [
    Label(identifier: "n1", name: "crane"), Label(identifier: "n2", name: "maillot"),
    Label(identifier: "n3", name: "crane"),
  ]

  @Test func namesAndIdentifiersAndNumbersNameClasses() throws {
    let folder = try LabelledFolders(["n3/a.png", "maillot/b.png", "0/c.png"])
    let (found, skipped) = try contents(of: folder)
    #expect(found.images.map(\.label) == [0, 1, 2])
    #expect(found.unknown == 0 && skipped.isEmpty)
  }

  @Test func aNameOfTwoClassesNamesNone() throws {
    let (found, skipped) = try contents(
      of: LabelledFolders(["crane/a.png", "crane/b.png", "n2/c.png"]))
    #expect(found.images.map(\.label) == [1])
    #expect(found.unknown == 2)
    let error = try #require(skipped.first)
    #expect(skipped.count == 1 && error.field == "class")
    #expect(error.found == "'crane', as classes 0 and 2 are called")
  }

  @Test func labelsThatAreNamesAloneNameNoClassTwice() throws {
    let alike = ["crane", "maillot", "crane"].map { Label(identifier: $0, name: $0) }
    #expect(throws: InputError.self) {
      _ = try contents(of: LabelledFolders(["crane_1.png"]), labels: alike)
    }
    let (found, _) = try contents(of: LabelledFolders(["2_1.png"]), labels: alike)
    #expect(found.images.map(\.label) == [2])
  }

  @Test func imagesBesideAndBelowTheFoldersOfClassesAreTold() throws {
    let (found, skipped) = try contents(
      of: LabelledFolders(["n1/a.png", "n1/deeper/b.png", "n2_1.png", "n2_2.png"]))
    #expect(found.images.map(\.label) == [0])
    #expect(found.unknown == 2)
    #expect(skipped.map(\.found) == ["a sub-folder", "2 images beside them"])
  }

  @Test func foldersWithoutImagesHideNone() throws {
    let (found, skipped) = try contents(of: LabelledFolders(["n1_1.png", "thumbs/notes.txt"]))
    #expect(found.images.map(\.label) == [0])
    #expect(found.unknown == 0 && skipped.isEmpty)
  }

  private func contents(of folder: LabelledFolders, labels: [Label]? = nil) throws
    -> (LabelledFolder.Contents, [InputError])
  {
    var skipped: [InputError] = []
    let contents = try LabelledFolder.contents(
      of: folder.path, labels: labels ?? self.labels, classes: 3
    ) { skipped.append($0) }
    return (contents, skipped)
  }
}

/// Empty files in folders, up to two deep.
private final class LabelledFolders {
  let path: String
  private let folder: TemporaryFolder
  private var folders: [String] = []
  private var files: [String] = []

  init(_ names: [String]) throws {
    folder = try TemporaryFolder()
    path = folder.path
    for name in names {
      let parts = name.split(separator: "/").dropLast()
      for depth in parts.indices {
        let place = folder.file(parts[...depth].joined(separator: "/"))
        if mkdir(place, 0o700) == 0 { folders.append(place) }
      }
      files.append(try folder.write([], to: name))
    }
  }

  deinit {
    for file in files { unlink(file) }
    for folder in folders.reversed() { rmdir(folder) }
  }
}
