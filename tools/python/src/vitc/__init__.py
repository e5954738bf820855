"""Compiles Vision Transformers into plans that run fast on ordinary CPUs, and runs them.

    import vitc

    plan = vitc.convert("deit_small.safetensors", "dense.bin")
    fast = plan.rewrite("fast.bin", keep=0.7)
    session = vitc.Session(fast, batch=16)
    for classes in session.classify(["photo.jpg", "other.png"]):
        print(classes[0].label, classes[0].probability)

What cannot be done raises a :class:`VitcError`, which says in its fields what is to blame, what was expected and what
was found. What was assumed about a model warns of a :class:`VitcWarning`.
"""

from ._compiler import Plan, VitcWarning, convert
from ._errors import (
    Contradiction, InternalError, InvalidArgument, InvalidFile, MissingValue, OutOfResources, OutputError,
    UnreadableFile, Unsupported, VitcError)
from ._library import version
from ._session import Class, Session, Stage

__version__ = version()
__all__ = [
    "Class", "Contradiction", "InternalError", "InvalidArgument", "InvalidFile", "MissingValue", "OutOfResources",
    "OutputError", "Plan", "Session", "Stage", "UnreadableFile", "Unsupported", "VitcError", "VitcWarning", "convert"]
