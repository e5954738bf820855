internal import CArguments
internal import CLibrary
internal import Tensors

/// The command line as it was given.
enum Arguments {
  /// All but the command's own name. They may be paths, so they are read as these are: Swift's own list
  /// has repaired what is no UTF-8.
  static var all: [String] {
    UnsafeBufferPointer(start: vit_arguments(), count: Int(vit_argument_count()))
      .dropFirst().compactMap(\.self)
      .map { PathText.text(of: UnsafeRawBufferPointer(start: $0, count: strlen($0))) }
  }
}
