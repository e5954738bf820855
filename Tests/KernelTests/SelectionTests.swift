import KernelInterface
import Kernels
import Tensors
import Testing

@Suite struct KernelSelectionTests {
  @Test func anUnknownSetIsRefusedByName() {
    #expect(throws: InputError.self) { try KernelSelection.best(requested: "avx1024") }
  }

  @Test func everyAvailableSetCanBeRequested() throws {
    for set in KernelSelection.available {
      #expect(try KernelSelection.best(requested: "\(set.name)").name.description == "\(set.name)")
    }
  }

  @Test func theDefaultIsTheLast() throws {
    let last = try #require(KernelSelection.available.last)
    #expect(try KernelSelection.best(requested: nil) == last)
  }
}
