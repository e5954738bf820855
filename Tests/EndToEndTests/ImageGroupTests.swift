import ModelFacts
import PlanFormat
import PlanRuntime
import TestSupport
import Testing
import ViTCompiler

/// Batches that are run in groups of images.
struct ImageGroupTests {
  @Test(arguments: [1, 2, 3, 8, 9, 100])
  func groupsHoldEachImageOnce(images: Int) {
    for arenaBytes in [0, 64, 3 << 20, 1 << 30] {
      let groups = ImageGroups(images: images, arenaBytes: arenaBytes)
      #expect(groups.ranges.flatMap { Array($0) } == Array(0..<images))
      let counts = groups.ranges.map(\.count)
      #expect((counts.max() ?? 0) <= min(images, ImageGroups.most(arenaBytes: arenaBytes)))
      #expect((counts.max() ?? 0) - (counts.min() ?? 0) <= 1)
      for image in 0..<images {
        #expect(groups.ranges.contains(groups.group(of: image)))
        #expect(groups.group(of: image).contains(image))
      }
    }
  }

  /// Logits and tokens of a batch of several groups are those of each image alone.
  @Test func imagesOfAllGroupsHaveTheBitsThatTheyHaveAlone() throws {
    let folder = try TemporaryFolder()
    let model = try SmallModel(SmallModel.forms[0], in: folder)
    try model.convert(to: folder.file("dense.bin"))
    var recipe = RewriteRecipe()
    recipe.stages = [.init(block: 1, keepRate: 0.5)]
    let path = folder.file("fast.bin")
    try PlanCompiler.rewrite(
      try PlanFile(path: folder.file("dense.bin")), recipe: recipe, to: path)
    let most = ImageGroups.most(arenaBytes: try PlanFile(path: path).program.arenaBytes)
    let images = 2 * most + 1
    let input = model.input(images: images)
    func results(batch: Int, threads: Int) throws -> [[UInt32]] {
      try BatchRun.results(path, input, images: images, batch: batch, threads: threads) {
        result, image in
        let stages = try result.stages(image: image).flatMap { $0.kept + $0.destination }
        return try result.logits(image: image).map(\.bitPattern)
          + stages.map { UInt32(bitPattern: $0) }
      }
    }
    let together = try results(batch: images, threads: 2)
    let alone = try results(batch: 1, threads: 1)
    #expect(together.count == images)
    for image in 0..<images { #expect(together[image] == alone[image], "image \(image)") }
  }
}
