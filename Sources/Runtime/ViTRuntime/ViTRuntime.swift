// What a program that runs plans needs, in one import: plans and sessions, images, errors.
@_exported public import ImageInput
@_exported public import PlanRuntime
@_exported public import Tensors
