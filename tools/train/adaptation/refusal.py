"""The error of everything that comes from outside."""

from __future__ import annotations


class Refusal(Exception):
    """What is wrong with a file or an option, in words."""

    def __init__(self, where: object, field: str, expected: str, found: object) -> None:
        super().__init__(f"{where}: {field}: expected {expected}, found {found}")
