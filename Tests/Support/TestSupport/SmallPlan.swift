package import ModelFacts
internal import ModelGraph
internal import PlanFormat
internal import Tensors
internal import ViTCompiler

/// The smallest plans that have every kind of step between them.
package enum SmallPlan {
  /// A dense plan, and rewrites of it that reduce tokens in different ways; `counted` keeps different numbers
  /// of tokens in different images, `cascade` has two programs, `tanh` features in place of logits, `int8` is the
  /// dense plan, quantized, at first but for the patch embedding; the next pool and have no class token, then one has
  /// rotary positions, normalised heads and gates, one relative positions, one RMSNorm, one grey images in patches that are
  /// not square; the last are of methods that models are trained with.
  package static func all(in folder: TemporaryFolder) throws -> [(name: String, bytes: [UInt8])] {
    var form = SmallModel.Form("smallest")
    (form.width, form.heads, form.depth, form.hidden, form.grid) = (8, 2, 1, 8, 2)
    (form.patch, form.classes, form.hasMultiScale) = (2, 2, true)
    let dense = folder.file("dense.bin")
    try SmallModel(form, in: folder).convert(to: dense)
    var plans = [("dense", try folder.read("dense.bin"))]
    for (name, recipe) in recipes {
      try PlanCompiler.rewrite(
        try PlanFile(path: dense), recipe: recipe, to: folder.file("rewritten.bin"))
      plans.append((name, try folder.read("rewritten.bin")))
    }
    try PlanCompiler.rewrite(
      try PlanFile(path: dense), recipe: recipes[0].recipe,
      cascade: CascadeRecord(margin: 0.25, fallbackShare: 0.5), to: folder.file("rewritten.bin"))
    let cascade = try folder.read("rewritten.bin")
    try PlanCompiler.quantize(dense, keeping: ["patch_embed.*"], to: folder.file("rewritten.bin"))
    let int8 = try folder.read("rewritten.bin")
    try PlanCompiler.quantize(dense, to: folder.file("rewritten.bin"))
    let patches = try folder.read("rewritten.bin")
    // Of two blocks, for the second to work on what is left.
    form.depth = 2
    try SmallModel(form, in: folder).convert(to: dense)
    try CountedTokens(.mean, threshold: 0.2, isSizeAware: true).rewrite(
      dense, stages: [.init(block: 0, keepRate: 0.75)], to: folder.file("rewritten.bin"))
    plans.append(("counted", try folder.read("rewritten.bin")))
    plans.append(("cascade", cascade))
    (form.depth, form.classes, form.hasMultiScale, form.hasPooler) = (1, 0, false, true)
    try SmallModel(form, in: folder).convert(to: dense)
    plans.append(("tanh", try folder.read("dense.bin")))
    plans += [("int8", int8), ("int8, int8Patches", patches)]
    var pooled = SmallModel.Form("attention pooling")
    (pooled.width, pooled.heads, pooled.depth, pooled.hidden, pooled.grid) = (8, 2, 1, 8, 2)
    (pooled.patch, pooled.classes, pooled.pooling, pooled.hasClassToken) = (2, 2, "map", false)
    try SmallModel(pooled, in: folder).convert(to: dense)
    plans.append(("pooling, details", try folder.read("dense.bin")))
    pooled.pooling = "avg"
    try SmallModel(pooled, in: folder).convert(to: dense)
    try PlanCompiler.rewrite(
      try PlanFile(path: dense), recipe: recipes[0].recipe, to: folder.file("rewritten.bin"))
    plans.append(("prefix, pooling, details", try folder.read("rewritten.bin")))
    // Of two blocks, for the second to ask where its tokens were.
    var turned = SmallModel.Form("rotary positions")
    (turned.width, turned.heads, turned.depth, turned.hidden, turned.grid) = (8, 2, 2, 4, 2)
    (turned.patch, turned.classes) = (2, 2)
    (turned.hasFrequencies, turned.hasHeadNorm, turned.isGated) = (true, true, true)
    try SmallModel(turned, in: folder).convert(to: dense)
    try PlanCompiler.rewrite(
      try PlanFile(path: dense), recipe: recipes[0].recipe, to: folder.file("rewritten.bin"))
    plans.append(
      ("headNorm, rotaryEmbedding, gatedActivation", try folder.read("rewritten.bin")))
    (turned.hasFrequencies, turned.hasHeadNorm, turned.isGated) = (false, false, false)
    (turned.hasTables, turned.hasPositions) = (true, false)
    try SmallModel(turned, in: folder).convert(to: dense)
    try PlanCompiler.rewrite(
      try PlanFile(path: dense), recipe: recipes[0].recipe, to: folder.file("rewritten.bin"))
    plans.append(("biasedAttention", try folder.read("rewritten.bin")))
    (turned.hasTables, turned.hasPositions, turned.depth) = (false, true, 1)
    turned.hasRMSNorms = true
    try SmallModel(turned, in: folder).convert(to: dense)
    plans.append(("rmsNorm", try folder.read("dense.bin")))
    var oblong = SmallModel.Form("flat patches")
    (oblong.width, oblong.heads, oblong.depth, oblong.hidden, oblong.grid) = (8, 2, 1, 4, 2)
    (oblong.patch, oblong.patchWidth, oblong.channels, oblong.classes) = (1, 3, 1, 2)
    try SmallModel(oblong, in: folder).convert(to: dense)
    plans.append(("patches, channels", try folder.read("dense.bin")))
    return try plans + methods(in: folder)
  }

  /// A plan of each method that has steps of its own.
  private static func methods(
    in folder: TemporaryFolder
  ) throws -> [(name: String, bytes: [UInt8])] {
    var form = SmallModel.Form("two blocks")
    (form.width, form.heads, form.depth, form.hidden, form.grid) = (8, 2, 2, 8, 2)
    (form.patch, form.classes) = (2, 2)
    let dense = folder.file("dense.bin")
    try SmallModel(form, in: folder).convert(to: dense)
    var random = RandomSource(seed: 9)
    func constants(_ layers: [(name: String, extents: [Int])]) -> [Constant] {
      layers.map { name, extents in
        let values = (0..<extents.reduce(1, *)).map { _ in random.symmetric() }
        return Constant(name: name, shape: Shape(extents)) { values }
      }
    }
    let predictor = constants(MethodConstants.predictor(0, width: form.width))
    let headPredictor = constants(
      MethodConstants.headPredictor(0, heads: form.heads, width: form.width / form.heads))
    var recipe = RewriteRecipe()
    recipe.stages = [.init(block: 1, keepRate: 0.5)]
    let gate = [("gate_scale", 1), ("gate_center", 1), ("eps", 0.01)].map(MethodConstants.setting)
    let threshold = Constant(name: MethodConstants.threshold(0), shape: Shape([])) { [0.1] }
    return try [
      ("methods", "ppt", [MethodConstants.setting("threshold", 0.01)]),
      ("pooling, methods", "dynamicvit", predictor), ("methods", "evovit", []),
      ("adaptive", "avit", gate),
      ("methods, adaptive", "asvit", [threshold]), ("methods, adaptive", "ats", []),
      ("packages", "spvit", headPredictor),
    ].map { features, method, constants in
      recipe.strategy = method
      try PlanCompiler.rewrite(
        try PlanFile(path: dense), recipe: recipe, extra: constants,
        to: folder.file("rewritten.bin"))
      return ("\(features), \(method)", try folder.read("rewritten.bin"))
    }
  }

  /// A rewrite for each kind of step.
  package static var recipes: [(name: String, recipe: RewriteRecipe)] {
    var merge = RewriteRecipe()
    merge.stages = [RewriteRecipe.Stage(block: 0, keepRate: 0.5)]
    merge.isSizeAware = true
    var attention = merge
    attention.similarity = .attention
    var fuse = merge
    (fuse.strategy, fuse.isSizeAware) = ("fuse", false)
    var tome = merge
    tome.strategy = "tome"
    var weighted = merge
    weighted.strategy = "weighted"
    var scales = RewriteRecipe()
    scales.multiScaleBlocks = 1
    var joined = RewriteRecipe()
    joined.multiScaleBlocks = 0
    return [
      ("merge", merge), ("attention", attention), ("fuse", fuse), ("tome", tome),
      ("weighted", weighted),
      ("scales", scales), ("joined", joined),
    ]
  }
}
