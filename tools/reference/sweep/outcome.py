"""What can become of a case, and the notes by which `vitc` says what it assumed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum


class Outcome(StrEnum):
    """What became of a case, from best to worst."""

    exact = "exact"
    assumed = "assumed"  # the right numbers, and a note says what was assumed
    assumed_other = "assumed-other"  # other numbers, and a note names the value that decides
    refused = "refused"
    not_measured = "not measured"
    wrong = "WRONG"  # other numbers in silence
    crash = "CRASH"  # a signal, a trap, or no end

    @property
    def is_failure(self) -> bool:
        return self in (Outcome.wrong, Outcome.crash)


# Fields whose value a preset or a flag gives, and that change what the model computes.
_NAMED_VALUES = ("heads", "activation", "pooling", "eps")
# Fields that change the input tensor only.
_PREPROCESSING = re.compile(
    r"mean|std|crop|interpolation|resample|resize|rescale|normali|preprocess|colou?r|size|label")


@dataclass(frozen=True)
class Result:
    """One row of the table."""

    suite: str
    name: str
    outcome: Outcome
    detail: str = ""
    seconds: float = 0  # of one worker; the first case of a model has the building


@dataclass(frozen=True)
class Truth:
    """What the model really is: the values that a note may have to name."""

    name: str = ""
    # By the note's field, such as heads or activation; the words are those of vitc's flags.
    values: dict[str, str] = field(default_factory=dict)
    has_rope: bool = False


@dataclass(frozen=True)
class Note:
    """A line `vitc: note: FILE: FIELD: TEXT`."""

    field: str
    text: str

    @property
    def is_assumption(self) -> bool:
        return bool(re.search(r"assum|guess|default", self.text, re.I))

    @property
    def is_about_pictures(self) -> bool:
        """Whether it changes the input tensor only."""
        return bool(_PREPROCESSING.search(self.field))

    @property
    def assumed(self) -> str | None:
        """The value behind "assumed", without the comma that follows it."""
        found = re.search(r"assum\w*:?\s+(?:to be |as )?(\[[^\]]*\]|[^\s,;:]+)", self.text, re.I)
        return found[1].lower() if found else None

    @property
    def in_short(self) -> str:
        return f"{self.field} {self.assumed}" if self.assumed else f"{self.field}: {self.text}"


def notes_of(stderr: str, files: tuple[str, ...]) -> list[Note]:
    """The notes among vitc's lines; `files` are the names that it may give the checkpoint."""
    notes = []
    for line in stderr.splitlines():
        if not (match := re.match(r"vitc: note: (.*)", line)):
            continue
        rest = match[1]
        for file in sorted(files, key=len, reverse=True):
            rest = rest.removeprefix(f"{file}: ")
        name, separator, text = rest.partition(": ")
        if "/" in name:  # a file that we did not think of
            name, separator, text = text.partition(": ")
        notes.append(Note(name.strip().lower(), text) if separator else Note("", rest))
    return notes


def _same(left: str, right: str) -> bool:
    try:
        return float(left) == float(right)
    except ValueError:
        return left == right


def deciding_note(notes: list[Note], truth: Truth) -> Note | None:
    """The note that names a value whose other choice would have given the right numbers."""
    for note in notes:
        kind = next((known for known in _NAMED_VALUES if known in note.field), None)
        words = note.text.lower()
        if kind is not None and kind in truth.values:
            if note.assumed is None or not _same(note.assumed, truth.values[kind].lower()):
                return note
        elif note.assumed == truth.name or note.is_about_pictures:
            continue
        elif truth.has_rope and re.search(r"rope|rotary", words):
            return note
        elif truth.name and re.search(rf"(?<!\w){re.escape(truth.name)}(?!\w)", words):
            return note
    return None
