internal import CInterface
public import CVitrun
internal import PlanFormat
internal import Tensors
internal import ViTRuntime

/// What the functions of vitrun.h share.
let library = Interface { option in
  // The names of a session's options.
  switch option {
  case let option as SessionOption:
    switch option {
    case .maximumBatch: "batch"
    case .allowsLarge: "allow_large"
    }
  case let option as ImageOption:
    switch option {
    case .maximumPixels: "max_pixels"
    }
  case let option as CascadeOption:
    switch option {
    case .margin: "margin"
    }
  default: option.name
  }
}

/// See vitrun.h.
@_cdecl("vitrun_last_error")
public func lastError() -> UnsafePointer<vitrun_error>? {
  LastError.ofThisThread.record { kind, texts in
    vitrun_error(
      kind: kind, file: texts.file, option: texts.option, field: texts.field,
      expected: texts.expected, found: texts.found, message: texts.message)
  }
}

private nonisolated(unsafe) let versionText: UnsafePointer<CChar>? = Interface.forever(
  Release.version)

/// See vitrun.h.
@_cdecl("vitrun_version")
public func version() -> UnsafePointer<CChar>? { versionText }

/// See vitrun.h.
@_cdecl("vitrun_abi_version")
public func abiVersion() -> Int32 { VITRUN_ABI_VERSION }

/// See vitrun.h.
@_cdecl("vitrun_free")
public func free(_ text: UnsafeMutablePointer<CChar>?) -> vitrun_status {
  library.call { try library.free(text) }
}
