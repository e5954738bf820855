/// How queries and keys are turned by the positions of their tokens (RoPE): which angles a place in the grid has, and
/// which elements of a head are turned together. As timm and transformers define it.
struct RotaryPositions: Sendable, Equatable {
  /// Where the angles come from.
  enum Kind: String, Sendable, CaseIterable {
    /// The place along one axis times `temperature^(-4 m / headWidth)`, for each axis and m in front of
    /// `headWidth / 4` (EVA02, PE, naver's axial models).
    case axial = "cat"
    /// As axial, of places from -1 to 1, times `2 pi` (DINOv3).
    case centered = "dinov3"
    /// Places along both axes times frequencies of the checkpoint, for each block and head (naver's mixed models).
    case mixed = "mixed"
    /// Whatever cosines and sines a graph has.
    case tabulated = "as in the graph"

    /// Those that a configuration can ask for.
    static let named = allCases.filter { $0 != .tabulated }
  }

  var kind = Kind.axial

  /// The base of the frequencies; not of mixed.
  var temperature = 10000.0

  /// Added to the places of axial and centered.
  var offset = 0.0

  /// The first axis is x, from left to right, and not y.
  var startsWithX = false

  /// The elements i and `i + headWidth / 2` of a head are turned together, and not `2 i` and `2 i + 1`.
  var turnsHalves = false

  /// The grid whose places those of axial are scaled to, rows and columns.
  var reference: Reference?

  /// A grid's extents.
  struct Reference: Sendable, Equatable {
    let rows: Int
    let columns: Int
  }

  /// For people and provenance.
  var summary: String {
    guard kind != .tabulated else { return "\(kind.rawValue), \(turnsHalves ? "halves" : "pairs")" }
    var words = [kind.rawValue, startsWithX ? "x first" : "y first"]
    if kind != .mixed { words.append("temperature \(text(temperature))") }
    if offset != 0 { words.append("from \(text(offset))") }
    if let reference { words.append("scaled to \(reference.rows) x \(reference.columns)") }
    words.append(turnsHalves ? "halves" : "pairs")
    return words.joined(separator: ", ")
  }

  private func text(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
  }
}

extension RotaryPositions {
  /// DINOv3's, with transformers' default for the temperature.
  static let dinov3 = RotaryPositions(kind: .centered, temperature: 100, turnsHalves: true)

  /// `KIND-xy|ij-OFFSET-ROWSxCOLUMNS or nothing-TEMPERATURE-pairs|halves`, as the table of architectures has it;
  /// nil for anything else.
  init?(flag: Substring) {
    let fields = flag.split(separator: "-", omittingEmptySubsequences: false)
    guard fields.count == 6, let kind = Kind.named.first(where: { $0.rawValue == fields[0] }),
      let offset = Double(fields[2]), let temperature = Double(fields[4])
    else { return nil }
    let extents = fields[3].split(separator: "x").compactMap { Int($0) }
    self.init(
      kind: kind, temperature: temperature, offset: offset, startsWithX: fields[1] == "xy",
      turnsHalves: fields[5] == "halves",
      reference: extents.count == 2 ? Reference(rows: extents[0], columns: extents[1]) : nil)
  }
}
