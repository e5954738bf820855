package import KernelInterface

extension PortableKernels {
  package static func fill(_ arguments: FillArguments, item: Int) {
    let a = arguments
    switch a.output {
    case .ones(let output): output.update(repeating: 1, count: a.pictures * a.count)
    case .positions(let output):
      for picture in 0..<a.pictures {
        for index in 0..<a.count {
          output[picture * a.count + index] = Int32(truncatingIfNeeded: index)
        }
      }
    }
  }
}
