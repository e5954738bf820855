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
  @Test func setsCanBeHadWithoutVNNI() throws {
    for set in KernelSelection.available {
      let name = "\(set.name)-novnni"
      #expect(
        (try KernelSelection.best(requested: "\(set.name)").vnni == nil)
          == (KernelSelection.vnni(set) == nil))
      guard KernelSelection.vnni(set) != nil else {
        #expect(throws: InputError.self) { try KernelSelection.best(requested: name) }
        continue
      }
      let choice = try KernelSelection.best(requested: name)
      #expect(choice.vnni == nil)
      #expect(
        (choice.paired == nil) == (try KernelSelection.best(requested: "\(set.name)").paired == nil)
      )
      #expect(choice.byteProducts == "\(set.name)")
    }
  }
}
