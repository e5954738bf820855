package import Records

/// What a user wants to know about a model, apart from its weights and its graph.
///
/// A family fills it in, the plan carries it, `vitc inspect` prints it and `vitrun` prepares
/// images by it.
package struct ModelFacts: Record, Equatable {
  /// What makes probabilities of logits.
  package enum Scores: UInt8, Choice {
    /// They add up to 1 over all classes, of which one is right.
    case softmax = 0
    /// Each class is there or not, whatever the others.
    case sigmoid = 1
  }

  /// The preset or configuration name, e.g. `deit_tiny_patch16_224`.
  package var architecture = ""

  /// The family that raised the checkpoint, e.g. `DeiT`.
  package var family = ""

  /// Height of the input image in pixels.
  package var imageHeight = 0

  /// Width of the input image in pixels.
  package var imageWidth = 0

  /// Side of a patch in pixels; of one that is not square its height.
  package var patchSize = 0

  /// Width of a patch that is not square, in pixels; a section of its own.
  package var otherPatchWidth: Int?

  /// Width `D` of a token.
  package var embedDim = 0

  /// Number of transformer blocks.
  package var depth = 0

  /// Number of attention heads `H`.
  package var heads = 0

  /// Number of classes.
  package var classes = 0

  /// Number `P` of tokens in front of the patch tokens: class, distillation and register tokens.
  package var prefixTokens = 1

  /// How many tokens may be in front of the patch tokens where tokens are chosen.
  package static let prefixCounts = 0...16

  /// How many rows may be in front of a grid's: a grid may lie by itself.
  package static let gridPrefixCounts = 0...2

  /// The blocks, counted from 1, in which the family's papers select tokens.
  package var defaultSelectionBlocks: [Int] = []

  /// What makes probabilities of the logits.
  package var scores = Scores.softmax

  /// How images become the input tensor.
  package var preprocess = PreprocessFacts()

  /// Where each value that the weights do not determine came from.
  package var provenance: [ProvenanceEntry] = []

  /// What is known of some models besides; a section of its own.
  package var details = ModelDetails()

  /// Facts of no model yet.
  package init() {}

  /// Width of a patch in pixels.
  package var patchWidth: Int {
    get { otherPatchWidth ?? patchSize }
    set { otherPatchWidth = newValue == patchSize ? nil : newValue }
  }

  /// Rows of the patch grid.
  package var gridHeight: Int { patchSize > 0 ? imageHeight / patchSize : 0 }

  /// Columns of the patch grid.
  package var gridWidth: Int { patchWidth > 0 ? imageWidth / patchWidth : 0 }

  /// The extents of a patch for people: `16`, or of one that is not square `16 x 8`.
  package static func patchWords(height: Int, width: Int) -> String {
    height == width ? "\(height)" : "\(height) x \(width)"
  }

  /// The extents of a patch for people.
  package var patchWords: String { Self.patchWords(height: patchSize, width: patchWidth) }

  /// N, the patch tokens before any reduction.
  package var patches: Int { gridHeight * gridWidth }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("architecture", &architecture)
    try coder.code("family", &family)
    try coder.code("image_height", &imageHeight)
    try coder.code("image_width", &imageWidth)
    try coder.code("patch_size", &patchSize)
    try coder.code("embed_dim", &embedDim)
    try coder.code("depth", &depth)
    try coder.code("heads", &heads)
    try coder.code("classes", &classes)
    try coder.code("prefix_tokens", &prefixTokens)
    try coder.code("default_selection_blocks", &defaultSelectionBlocks)
    try coder.code("scores", choice: &scores)
    try coder.code("preprocess", record: &preprocess)
    try coder.code("provenance", list: &provenance)
  }
}

/// The width of patches that are not square, in pixels.
package struct PatchWidth: Record, Equatable {
  package var width = 0

  package init() {}

  package init(_ width: Int) { self.width = width }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("width", &width)
  }
}

/// One value and where it came from.
package struct ProvenanceEntry: Record, Equatable {
  /// What was decided, e.g. `heads`.
  package var key = ""

  /// The value, as text.
  package var value = ""

  /// What decided it, e.g. `config.json`, `flag`, `preset deit_tiny_patch16_224`.
  package var source = ""

  /// An empty entry.
  package init() {}

  /// Records that `source` decided `key` to be `value`.
  package init(_ key: String, _ value: String, from source: String) {
    self.key = key
    self.value = value
    self.source = source
  }

  package mutating func code<C: FieldCoder>(fields coder: inout C) throws {
    try coder.code("key", &key)
    try coder.code("value", &value)
    try coder.code("source", &source)
  }
}
