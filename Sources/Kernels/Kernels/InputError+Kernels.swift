internal import Tensors

extension InputError {
  /// `VITRUN_KERNELS` names kernels that do not exist or do not run here.
  static func unavailableKernels(_ name: String, available: [String]) -> InputError {
    InputError(
      .invalidOption, file: "environment", field: KernelSelection.variable,
      expected: available.joined(separator: " or ") + " on this processor", found: "'\(name)'")
  }
}
