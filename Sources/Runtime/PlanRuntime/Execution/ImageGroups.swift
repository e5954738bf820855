internal import KernelInterface

/// A batch cut into groups of images that run one after the other: what lies between the steps of a group stays in the
/// caches, where that of a whole batch would be written to memory and read from there by every step.
package struct ImageGroups: Sendable {
  private let split: EvenSplit

  /// What the arena of a group takes: so much stays near where weights pass by and others use the caches too.
  private static let arenaBytes = 3 << 20

  /// The groups of a batch, which differ by one image at most.
  package init(images: Int, arenaBytes: Int) {
    let most = Self.most(arenaBytes: arenaBytes)
    split = EvenSplit(images, parts: (images + most - 1) / most)
  }

  /// The most images in a group of a program with an arena of so many bytes.
  package static func most(arenaBytes: Int) -> Int { max(1, Self.arenaBytes / max(arenaBytes, 1)) }

  /// The images of each group.
  package var ranges: [Range<Int>] {
    (0..<split.parts).map { split.start($0)..<split.start($0 + 1) }
  }

  /// The images of an image's group.
  package func group(of image: Int) -> Range<Int> {
    ranges.first { $0.contains(image) } ?? image..<image + 1
  }
}
