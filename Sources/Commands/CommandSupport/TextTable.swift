internal import Tensors

/// Tables for people.
package enum TextTable {
  /// Lines with the titles and, behind their names, the rows' values.
  package static func lines(titles: [String], rows: [(name: String, values: [String])]) -> [String]
  {
    let names = [""] + rows.map { VisibleText.escaped($0.name) }
    let width = names.map(\.count).max() ?? 0
    let cells = [titles] + rows.map(\.values)
    let widths = titles.indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
    return names.indices.map { row in
      Figures.left(names[row], width)
        + titles.indices.map { "  " + Figures.right(cells[row][$0], widths[$0]) }.joined()
    }
  }
}
