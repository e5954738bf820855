// What a program that makes plans needs, in one import: checkpoints, families, errors.
@_exported public import Checkpoints
@_exported public import Families
@_exported public import ONNXExport
@_exported public import Tensors
