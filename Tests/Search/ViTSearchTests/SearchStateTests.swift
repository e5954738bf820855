import TestSupport
import Tensors
import Testing
import ViTSearch

struct SearchStateTests {
  private let folder: TemporaryFolder
  private var path: String { folder.file("x.search") }
  private let identity = SearchState.Identity(
    plan: 1, images: 2, settings: "weighted, seed 0", comparisons: 2)

  init() throws { folder = try TemporaryFolder() }

  private func trial(_ removed: [Int]) -> SearchTrial {
    var comparison = Comparison()
    comparison.divergences = [0.1, 1.0 / 3]
    comparison.agreements = [true, false]
    comparison.margins = [0.25, 1e-9]
    return SearchTrial(removed: removed, multiplyAdds: 12_345, comparison: comparison)
  }

  @Test func trialsAreFoundAgainToTheBit() throws {
    do {
      var state = try SearchState(path: path, identity: identity)
      #expect(state.found == 0)
      try state.add(trial([1, 2]))
      try state.add(trial([3]))
    }
    let state = try SearchState(path: path, identity: identity)
    #expect(state.found == 2)
    let found = try #require(state[[1, 2]])
    #expect(found.comparison == trial([1, 2]).comparison && found.multiplyAdds == 12_345)
    #expect(state[[2]] == nil)
  }

  @Test func anotherSearchsFileIsRefused() throws {
    _ = try SearchState(path: path, identity: identity)
    for other in [
      SearchState.Identity(plan: 3, images: 2, settings: "weighted, seed 0", comparisons: 2),
      SearchState.Identity(plan: 1, images: 3, settings: "weighted, seed 0", comparisons: 2),
      SearchState.Identity(plan: 1, images: 2, settings: "tome, seed 0", comparisons: 2),
    ] {
      #expect(throws: InputError.self) { try SearchState(path: path, identity: other) }
    }
  }

  /// A file that is no search's is refused and left as it is.
  @Test(arguments: [
    "hello\n", "hello", "{}\n", "[1]\n", "{\"plan\": \"1\", \"images\": \"2\", \"settings\": 5}\n",
    "{\"plan\": \"1\", \"images\": \"2\", \"settings\": \"weighted, seed 0\"}\nx\n",
    "{\"plan\": \"1\", \"images\": \"2\", \"settings\": \"weighted, seed 0\"}\n{\"removed\": [1]}\n",
    "{\"plan\": \"1\", \"images\": \"2\", \"settings\": \"weighted, seed 0\"}\n"
      + "{\"removed\": [1], \"multiply_adds\": 1, \"divergences\": [-1, 1], \"agreements\": [true, true], \"margins\": [1, 1]}\n",
    "{\"plan\": \"1\", \"images\": \"2\", \"settings\": \"weighted, seed 0\"}\n"
      + "{\"removed\": [1], \"multiply_adds\": 1, \"divergences\": [1], \"agreements\": [true, true], \"margins\": [1]}\n",
  ])
  func whatIsNoStateIsRefused(text: String) throws {
    let path = try folder.write(Array(text.utf8), to: "other")
    #expect(throws: InputError.self) { try SearchState(path: path, identity: identity) }
    let bytes = try MappedFile(path: path).withBytes { Array($0) }
    #expect(bytes == Array(text.utf8))
  }
}
