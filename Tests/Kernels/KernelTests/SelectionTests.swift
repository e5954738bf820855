import KernelInterface
import Kernels
import Tensors
import Testing

@Suite struct KernelSelectionTests {
  @Test func anUnknownSetIsRefusedByName() {
    #expect(throws: InputError.self) { try KernelSelection.best(requested: "avx1024") }
  }

  @Test func everyChoiceCanBeRequested() throws {
    for choice in KernelSelection.choices {
      #expect(try KernelSelection.best(requested: choice.name).name == choice.name)
    }
  }

  @Test func theDefaultIsTheFastestSet() throws {
    let last = try #require(KernelSelection.available.last)
    for requested in [nil, ""] as [String?] {
      #expect(try KernelSelection.best(requested: requested).name == "\(last.name)")
    }
  }

  /// Both are there on every processor, so that the results of each can be had on every one.
  @Test func wideSetsCanBeHadWithAndWithoutPairs() throws {
    for set in KernelSelection.available where set is any PairedKernelSet.Type {
      let direct = try KernelSelection.best(requested: "\(set.name)-direct")
      #expect("\(direct.set.name)" == "\(set.name)")
      #expect(direct.paired == nil)
      #expect(try KernelSelection.best(requested: "\(set.name)-paired").paired != nil)
    }
    #expect(throws: InputError.self) { try KernelSelection.best(requested: "portable-direct") }
  }

  /// Where one instruction adds products of bytes, the results of the others can be had too.
  @Test func setsCanBeHadWithoutEachInstructionForBytes() throws {
    for set in KernelSelection.available {
      let dots = KernelSelection.dots(set).map { "\($0.name)" }
      let best = try KernelSelection.best(requested: "\(set.name)")
      #expect(best.dot.map { "\($0.name)" } == dots.last)
      for name in ["vnni", "dot", "i8mm"] {
        guard let index = dots.firstIndex(of: name) else {
          #expect(throws: InputError.self) {
            try KernelSelection.best(requested: "\(set.name)-no\(name)")
          }
          continue
        }
        let choice = try KernelSelection.best(requested: "\(set.name)-no\(name)")
        let left = index > 0 ? "-" + dots[index - 1] : ""
        #expect(choice.byteProducts == "\(set.name)\(left)")
        #expect((choice.paired == nil) == (best.paired == nil))
      }
    }
  }
}
