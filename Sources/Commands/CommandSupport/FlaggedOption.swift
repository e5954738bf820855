package import Tensors

/// An option that a library speaks of, and how a command's users know it.
///
/// A command conforms each library's list that it links, so that an option without a flag does not compile;
/// `tools/modules.py` fails where a whole list is left out.
package protocol FlaggedOption: InputOption {
  /// The flag, as the command's users write it; nil where no message can reach them.
  var flag: String? { get }
}

extension CommandLineTool {
  /// The flag of an option, or its name where this command has none.
  package static func flag(_ option: any InputOption) -> String {
    (option as? any FlaggedOption)?.flag ?? option.name
  }

  /// A message in the words of the command line.
  package static func text(_ message: Message) -> String { message.text(naming: flag) }

  /// An error in the words of the command line.
  package static func text(_ error: InputError) -> String { error.text(naming: flag) }
}
