package import KernelInterface

extension PortableKernels {
  package static func fill(_ arguments: FillArguments, item: Int) {
    let a = arguments
    switch a.output {
    case .ones(let output): output.update(repeating: 1, count: a.images * a.count)
    case .positions(let output):
      for image in 0..<a.images {
        for index in 0..<a.count {
          output[image * a.count + index] = Int32(truncatingIfNeeded: index)
        }
      }
    }
  }
}
