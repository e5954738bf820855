"""The tables, on a terminal and in Markdown."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from importlib.metadata import version
from pathlib import Path

from .outcome import Outcome, Result

LONGEST = 240
_WORDS = (
    "Every model has random weights, norms and biases too, and is compared with the library that",
    "defines it: *exact* within 1e-4 of the largest logit (tensors of images: 1e-6); *assumed* so too,",
    "with a note of what nothing in the file says; *assumed-other* other numbers, and a note names the",
    "value that decides; *refused* with the error that is shown; *WRONG* other numbers in silence.",
    "transformers' reference is its PIL backend: the one of torchvision differs by one level of 8 bits",
    "in under 1 % of the samples.",
)
PACKAGES = ("timm", "transformers", "torch", "pillow")


def summary(results: list[Result]) -> list[list[str]]:
    """A heading and one row a suite: how many cases came to what."""
    rows = [["suite", "cases", *map(str, Outcome)]]
    for suite in dict.fromkeys(result.suite for result in results):
        of_suite = [result for result in results if result.suite == suite]
        counts = Counter(result.outcome for result in of_suite)
        rows.append([suite, str(len(of_suite)), *(str(counts[outcome]) for outcome in Outcome)])
    return rows


def seconds(results: list[Result]) -> str:
    """How long a worker was busy with each suite."""
    sums: Counter[str] = Counter()
    for result in results:
        sums[result.suite] += result.seconds
    return ", ".join(f"{suite} {total:.0f}" for suite, total in sums.items())


def in_columns(rows: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows)


def markdown(results: list[Result], repository: Path) -> str:
    """The whole report."""
    commit = subprocess.run(
        ["git", "-C", repository, "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    lines = ["# Coverage", "", "What becomes of the models and image processors that people have.",
             "", "## Overview", "", *_WORDS, "",
             f"Written by `tools/reference/coverage.py` of commit "
             f"{commit.stdout.strip() or 'unknown'} with {packages}.", "",
             *_table(summary(results))]
    for suite in dict.fromkeys(result.suite for result in results):
        rows = [[_cell(result.name), str(result.outcome), _cell(result.detail)]
                for result in results if result.suite == suite]
        lines += ["", f"## {suite}", "", *_table([["name", "outcome", "note or refusal"], *rows])]
    return "\n".join(lines) + "\n"


def _table(rows: list[list[str]]) -> list[str]:
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return [lines[0], "|" + "---|" * len(rows[0]), *lines[1:]]


def _cell(text: str) -> str:
    text = " ".join(re.sub(r"(?<![\w.])(/[^\s:/|]+)+/", "", text).split()).replace("|", "\\|")
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."
