internal import ModelFacts
internal import Tensors

/// Preprocessing for models of other than three channels.
extension PreprocessResolver {
  /// Throws unless options say a number for each channel.
  func checkOptions() throws {
    for (option, numbers) in [
      (ImportOption.mean, options.mean), (.standardDeviation, options.standardDeviation),
    ] {
      guard let numbers, numbers.count != target.channels else { continue }
      throw InputError(
        option: option, field: "value",
        expected: "\(target.channels) numbers, one for each channel", found: "\(numbers)")
    }
  }

  /// Says what becomes of images.
  func remarkOnChannels(_ decisions: inout Decisions) {
    switch target.channels {
    case 3: break
    case 1:
      decisions.remarked(
        "channels",
        "images become grey before they are resized, as Pillow's convert(\"L\") makes them")
    default:
      decisions.remarked(
        "channels",
        "the model reads \(target.channels), and no image has as many: it runs tensors "
          + "(\(option: .tensor))")
    }
  }

  /// Gives each channel a mean and a deviation where a file, a class or a family has them for R, G and B: their
  /// average, as timm's loader (`adapt_to_chs`) does.
  ///
  /// - Throws: `InputError` where a file has neither three nor one for each channel.
  func fitChannels(_ facts: inout PreprocessFacts, _ decisions: inout Decisions) throws {
    let count = target.channels
    for (key, place, option) in [
      ("mean", \PreprocessFacts.mean, ImportOption.mean),
      ("std", \.standardDeviation, .standardDeviation),
    ] where facts[keyPath: place].count != count {
      let found = facts[keyPath: place]
      guard found.count == 3 else {
        throw InputError(
          file: processor?.path ?? (config.path.isEmpty ? tensors.file : config.path), field: key,
          expected: "\(count) numbers, one for each channel", found: "\(found)")
      }
      let average = Float(found.reduce(0.0) { $0 + Double($1) } / 3)
      let numbers = [Float](repeating: average, count: count)
      facts[keyPath: place] = numbers
      if Set(found).count == 1, let source = decisions.source(of: key) {
        decisions.told(key, "\(numbers)", from: source)
      } else {
        decisions.assumed(
          key, "\(numbers)", "the average of R, G and B's \(found), as timm's loader takes it",
          or: "\(option: option) decides")
      }
    }
    guard facts.fill.count != count else { return }
    facts.fill =
      facts.resize == .fit
      ? TimmTransform.fill(facts.mean) : [Int](repeating: 0, count: count)
  }
}
