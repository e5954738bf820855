package import KernelInterface

extension PortableKernels {
  package static func pick(_ arguments: PickArguments, item: Int) {
    let a = arguments
    let input = a.input + item * a.patches
    for place in 0..<a.keep {
      a.output[item * a.keep + place] = input[Int(a.kept[item * a.keep + place])]
    }
  }

  package static func restore(_ arguments: RestoreArguments, item: Int) {
    let a = arguments
    let (image, part) = item.quotientAndRemainder(dividingBy: a.split.parts)
    for row in a.split.start(part)..<a.split.start(part + 1) {
      var source = a.waiting.pointer(image: image, row: row)
      if row < a.prefix {
        source = a.moved.pointer(image: image, row: row)
      } else {
        let place = Int(a.destination[image * a.patches + row - a.prefix])
        if place >= 0 { source = a.moved.pointer(image: image, row: a.prefix + place) }
      }
      let output = a.output.pointer(image: image, row: row)
      if UnsafePointer(output) != source { output.update(from: source, count: a.width) }
    }
  }
}
