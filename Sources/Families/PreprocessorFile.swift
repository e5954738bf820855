internal import Checkpoints
internal import JSON
internal import ModelFacts
internal import Tensors

/// Hugging Face's `preprocessor_config.json`.
struct PreprocessorFile {
  private let path: String
  private let json: JSONValue

  init(_ companion: Checkpoint.Companion) throws {
    path = companion.path
    json = companion.json
    guard json.members != nil else {
      throw InputError(
        file: path, field: "preprocessor", expected: "a JSON object", found: json.kind)
    }
    if json["do_rescale"]?.boolean != false, let factor = json["rescale_factor"]?.double,
      abs(factor * 255 - 1) > 1e-3
    {
      throw InputError(
        file: path, field: "rescale_factor", expected: "1/255", found: "\(factor)")
    }
  }

  /// Three numbers; zeros or ones if normalisation is off.
  func triple(_ name: String) throws -> (values: [Float], path: String)? {
    if json["do_normalize"]?.boolean == false {
      return (name == "image_std" ? [1, 1, 1] : [0, 0, 0], "\(path) (do_normalize)")
    }
    guard let value = json[name] else { return nil }
    return (try value.triple(file: path, field: name), path)
  }

  /// The crop's side as a share of the resize's, 1 without a crop.
  func cropFraction() throws -> (share: Double, source: String)? {
    guard let resized = try side("size") else { return nil }
    var share = 1.0
    if json["do_center_crop"]?.boolean == true, let crop = try side("crop_size") {
      share = Double(crop) / Double(resized)
    }
    guard share > 0.05, share <= 1 else {
      throw InputError(
        file: path, field: "crop_size", expected: "a share in (0.05, 1] of size \(resized)",
        found: "\(share)")
    }
    return (share, "\(path), keeping the aspect ratio")
  }

  /// `resample`, in Pillow's numbers.
  func interpolation() throws -> (filter: PreprocessFacts.Interpolation, source: String)? {
    guard let value = json["resample"] else { return nil }
    switch value.integer {
    case 2: return (.bilinear, path)
    case 3: return (.bicubic, path)
    default:
      throw InputError(
        file: path, field: "resample", expected: "2 (bilinear) or 3 (bicubic)", found: value.text())
    }
  }

  /// A size: one number, `{"shortest_edge"}` or `{"height", "width"}`.
  private func side(_ name: String) throws -> Int? {
    guard let value = json[name] else { return nil }
    let side = value.integer ?? value["shortest_edge"]?.integer ?? value["height"]?.integer
    guard let side, (1...65536).contains(side) else {
      throw InputError(
        file: path, field: name, expected: "a side from 1 to 65536", found: value.text())
    }
    return side
  }
}
