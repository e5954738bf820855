"""What is raised: a class for each kind of error, with its fields."""

from __future__ import annotations

from typing import Optional


class VitcError(Exception):
    """Something that came from outside is not what it has to be."""

    def __init__(self, message: str, *, file: Optional[str] = None, option: Optional[str] = None, field: str = "",
                 expected: str = "", found: str = "") -> None:
        super().__init__(message)
        #: The file as it was named; None if none is to blame.
        self.file = file
        #: The option or argument; None if none is to blame.
        self.option = option
        #: The place in the file, or the part of the option.
        self.field = field
        #: What would have been accepted.
        self.expected = expected
        #: What is there.
        self.found = found

    def __reduce__(self):
        # Exceptions are made again from their positional arguments, which are not all there is.
        return (_again, (type(self), self.args, self.__dict__))


def _again(kind, args, fields):
    error = kind(*args)
    error.__dict__.update(fields)
    return error


class InvalidFile(VitcError):
    """A file is damaged, of another kind, or does not suit what it is used for."""


class UnreadableFile(VitcError):
    """There is no such file, or the system does not let it be read."""


class Unsupported(VitcError):
    """Something well-formed that needs more than there is yet."""


class Contradiction(VitcError):
    """Two sources say different things."""


class MissingValue(VitcError):
    """Nothing says a value; the text names what can."""


class InvalidArgument(VitcError, ValueError):
    """A value of an option or an argument does not suit."""


class OutOfResources(VitcError):
    """No memory, or no more open files; the same may do later or elsewhere."""


class OutputError(VitcError):
    """A result cannot be written."""


class InternalError(VitcError):
    """A fault of the library."""


#: By the status of the C functions.
KINDS = {
    1: InvalidFile, 2: UnreadableFile, 3: Unsupported, 4: Contradiction, 5: MissingValue, 6: InvalidArgument,
    7: OutOfResources, 8: OutputError, 9: InternalError}


def argument(name: str, expected: str, found: str) -> InvalidArgument:
    """An argument that does not suit."""
    return InvalidArgument(
        f"{name}: argument: expected {expected}, found {found}", option=name, field="argument", expected=expected,
        found=found)
