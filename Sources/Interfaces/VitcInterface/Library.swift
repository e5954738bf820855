internal import CInterface
public import CVitc
internal import JSON
internal import PlanFormat
internal import Tensors

/// What the functions of vitc.h share.
let library = Interface(naming: OptionNames.name)

/// See vitc.h.
@_cdecl("vitc_last_error")
public func lastError() -> UnsafePointer<vitc_error>? {
  LastError.ofThisThread.record { kind, texts in
    vitc_error(
      kind: kind, file: texts.file, option: texts.option, field: texts.field,
      expected: texts.expected, found: texts.found, message: texts.message)
  }
}

private nonisolated(unsafe) let versionText: UnsafePointer<CChar>? = Interface.forever(
  Release.version)

/// See vitc.h.
@_cdecl("vitc_version")
public func version() -> UnsafePointer<CChar>? { versionText }

/// See vitc.h.
@_cdecl("vitc_abi_version")
public func abiVersion() -> Int32 { VITC_ABI_VERSION }

/// See vitc.h.
@_cdecl("vitc_free")
public func free(_ text: UnsafeMutablePointer<CChar>?) -> vitc_status {
  library.call { try library.free(text) }
}

/// Where a report goes, or nil if it is not wanted.
typealias Report = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

/// Gives a report away.
func give(_ report: JSONValue, to target: Report?) throws {
  if let target { target.pointee = try library.give(report.text()) }
}

/// Something that was not as it should be, and what follows from it.
func note(_ error: InputError, _ consequence: String) -> Message {
  "\(Message(error.text(naming: OptionNames.name))); \(consequence)"
}

/// What a function has to say beside its result.
func notes(_ notes: [Message]) -> JSONValue {
  .array(notes.map { .string(PathText.repaired(library.text($0))) })
}
