import KernelInterface
import Testing

/// A set may state other tiles: its items are then others, its results the same.
struct TileExtentsTests {
  @Test(arguments: Implementation.all, LinearTests.cases)
  func bitsOfALayerDoNotDependOnTiles(implementation: Implementation, test: LinearTests.Case) {
    let problem = LinearProblem(test)
    let stated = bits(problem.run(implementation))
    for other in Implementation.tiled where other.kernels == implementation.kernels {
      #expect(bits(problem.run(other)) == stated, "\(other)")
    }
  }

  @Test(arguments: Implementation.wide, PairedLinearTests.cases)
  func bitsOfALayerInPairsDoNotDependOnTiles(
    implementation: Implementation, test: LinearTests.Case
  ) {
    let problem = LinearProblem(test)
    let stated = bits(problem.run(implementation, inPairs: true))
    for other in Implementation.tiled where other.kernels == implementation.kernels {
      #expect(bits(problem.run(other, inPairs: true)) == stated, "\(other)")
    }
  }

  @Test(arguments: AttentionKernels.all, AttentionTests.cases)
  func bitsOfAttentionDoNotDependOnTiles(kernels: AttentionKernels, test: AttentionTests.Case) {
    let problem = AttentionProblem(test)
    let stated = problem.run(kernels)
    for other in AttentionKernels.tiled
    where other.implementation.kernels == kernels.implementation.kernels
      && other.inPairs == kernels.inPairs
    {
      let result = problem.run(other)
      #expect(bits(result.output) == bits(stated.output), "\(other)")
      #expect(bits(result.probabilities) == bits(stated.probabilities), "\(other)")
    }
  }

  /// Every row and panel is in one item, no tile of panels is parted, and what a kernel keeps fits.
  @Test(arguments: Implementation.tiled, [(false, false), (true, false), (false, true)])
  func itemsHoldWholeTiles(
    implementation: Implementation, cut: (preparesRows: Bool, inPairs: Bool)
  ) {
    let tiles = implementation.tiles
    let (preparesRows, inPairs) = cut
    let together = inPairs ? tiles.pairedItemPanels : tiles.itemPanels
    for (rows, unit) in [(1, 1), (5, 1), (24, 1), (197, 1), (196, 14), (600, 50)] {
      for outputs in [1, 16, 40, 192, 1000] {
        let blocking = ProductBlocking(
          for: tiles, groups: 2, rows: rows, unit: unit, inputs: 96, outputs: outputs,
          preparesRows: preparesRows, inPairs: inPairs)
        let panels = PanelLayout.panelCount(outputs: outputs)
        var seen = [Int](repeating: 0, count: 2 * rows * panels)
        for item in 0..<blocking.items.count {
          let block = blocking.block(item)
          let (height, width) = (
            block.rowEnd - block.rowStart, block.panelEnd - block.panelStart
          )
          #expect(block.panelStart % together == 0)
          #expect(block.panelEnd % together == 0 || block.panelEnd == panels)
          #expect(height <= blocking.maximumRows && height % unit == 0)
          #expect(height <= max(unit, preparesRows ? tiles.preparedRows : tiles.itemRows))
          #expect(height * width * PanelLayout.width <= blocking.maximumSums)
          for row in block.rowStart..<block.rowEnd {
            for panel in block.panelStart..<block.panelEnd {
              seen[(block.group * rows + row) * panels + panel] += 1
            }
          }
        }
        #expect(seen.allSatisfy { $0 == 1 }, "\(rows) rows, \(outputs) outputs")
      }
    }
  }
}
