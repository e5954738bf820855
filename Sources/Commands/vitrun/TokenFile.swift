internal import CommandSupport
internal import JSON
internal import Tensors
internal import ViTRuntime

/// The JSON file of `--tokens`: one object, with an entry for each image in their order.
struct TokenFile: ~Copyable {
  private var output: OutputFile

  /// The object's beginning, until it is written.
  private var head: String?

  init(path: String, _ plan: Plan) throws {
    let members: [JSONMember] = [
      .init("plan", .string(PathText.repaired(plan.path))),
      .init("grid", [.init(plan.facts.gridHeight), .init(plan.facts.gridWidth)]),
    ]
    head = String(JSONValue.object(members).text().dropLast()) + ", \"images\": ["
    output = try OutputFile(path: path)
  }

  /// Adds an image.
  /// - Parameter content: its stages, or what is wrong with it.
  mutating func add(_ path: String, _ content: JSONMember) throws {
    let entry = JSONValue.object(ImageName(path: path).members + [content])
    try write((head ?? ",") + "\n" + entry.text())
    head = nil
  }

  /// Ends the object and gives the file its name.
  consuming func commit() throws {
    try write((head ?? "") + "\n]}\n")
    try output.commit()
  }

  private mutating func write(_ text: String) throws { try output.append(Array(text.utf8)) }
}
