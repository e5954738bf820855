"""One hostile or unusual input and what must happen."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable

CONVERT = "vitc convert {file} -o {output}"


@dataclass
class Case:
    """One input and the command that gets it: `{file}` is its path, `{plan}` a sound plan.

    `setup` is called with the folder before the command runs, to make what is no plain file.
    """

    row: int
    name: str
    data: bytes
    command: str = CONVERT
    accepted: bool = False
    words: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    suffix: str = "bin"
    memory: int = 512 << 20
    setup: Callable[[Path], None] | None = None
