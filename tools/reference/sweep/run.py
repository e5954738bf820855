"""Runs `vitc` and `vitrun` on one case and judges what they say."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from .outcome import Note, Outcome, Result, Truth, deciding_note, notes_of

TOLERANCE = 1e-4  # of the largest logit
# Rounding alone stays below; one GELU for another can be between the two.
ROUNDING = 3e-5
PIXEL_TOLERANCE = 1e-6
SECONDS = 300


@dataclass(frozen=True)
class Tools:
    """Where the two binaries are."""

    vitc: Path
    vitrun: Path


class Crash(Exception):
    """A tool ended by a signal, or did not end."""


@dataclass(frozen=True)
class Logits:
    """A checkpoint with an input, and the outputs that count as right, by name."""

    suite: str
    name: str
    checkpoint: Path
    pixels: np.ndarray
    expected: Callable[[], dict[str, np.ndarray]]
    truth: Truth = field(default_factory=Truth)
    options: tuple[str, ...] = ()
    # Nothing in the file says what is meant, or something in it is unknown.
    should_refuse: bool = False

    def measure(self, tools: Tools, scratch: Path) -> Result:
        converted = convert(tools, self.checkpoint, scratch, self.options)
        if isinstance(converted, Result):
            return self._named(converted)
        if self.should_refuse:
            return self._row(Outcome.wrong, f"accepted{in_words(converted)}")
        expected = {key: np.asarray(value) for key, value in self.expected().items()}
        if not all(np.isfinite(value).all() for value in expected.values()):
            return self._row(Outcome.not_measured, "the reference is not finite")
        np.save(scratch / "input.npy", self.pixels.astype(np.float32))
        shown = run(tools.vitc, "inspect", scratch / "plan", "--json")
        role = "logits" if "logits" in json.loads(shown.stdout)["outputs"] else "features"
        ran = run(tools.vitrun, scratch / "plan", "--tensor", scratch / "input.npy",
                  f"--{role}", scratch / "logits.npy", "--threads", "1")
        if ran.returncode != 0:
            return self._judge(converted, f"converted, but vitrun: {said(ran)}")
        return self._compared(converted, role, np.load(scratch / "logits.npy"), expected)

    def _compared(
        self, converted: list[Note], role: str, found: np.ndarray, expected: dict[str, np.ndarray]
    ) -> Result:
        difference, output = closest(found, expected)
        if difference <= TOLERANCE:
            label = "" if len(expected) == 1 else f"{output}; "
            label += "more than rounding: " if difference > ROUNDING else ""
            assumed = [note for note in converted if note.is_assumption]
            return self._row(Outcome.assumed if assumed else Outcome.exact,
                             f"{label}{difference:.0e}{in_words(assumed)}")
        shapes = ", ".join(str(value.shape) for value in expected.values())
        if not np.isfinite(found).all():
            detail = f"{role} are not finite"
        elif np.isfinite(difference):
            detail = f"relative error {difference:.1e}"
        else:
            detail = f"shape {found.shape}, expected {shapes}"
        return self._judge(converted, detail)

    def _judge(self, notes: list[Note], detail: str) -> Result:
        note = deciding_note(notes, self.truth)
        if note is not None:
            return self._row(Outcome.assumed_other, f"{detail}; note: {note.field}: {note.text}")
        return self._row(Outcome.wrong, detail + in_words(notes))

    def _row(self, outcome: Outcome, detail: str) -> Result:
        return Result(self.suite, self.name, outcome, detail)

    def _named(self, result: Result) -> Result:
        return self._row(result.outcome, result.detail)


@dataclass(frozen=True)
class Tokens(Logits):
    """A model whose result is every token's row. vitrun writes it for pictures alone, so that the
    model gets what vitrun makes of one."""

    # Of an input, in place of `expected`.
    rows: Callable[[np.ndarray], np.ndarray] = np.asarray

    def measure(self, tools: Tools, scratch: Path) -> Result:
        converted = convert(tools, self.checkpoint, scratch, self.options)
        if isinstance(converted, Result):
            return self._named(converted)
        picture = scratch / "picture.png"
        samples = np.clip(128 + 50 * self.pixels[0], 0, 255).astype(np.uint8)
        Image.fromarray(np.moveaxis(samples, 0, 2)).save(picture)
        given, made = scratch / "input.npy", scratch / "rows.npy"
        for command in (("preprocess", scratch / "plan", picture, "-o", given),
                        ("embed", scratch / "plan", picture, "--tokens", "-o", made)):
            ran = run(tools.vitrun, *command)
            if ran.returncode != 0:
                return self._judge(converted, f"converted, but vitrun: {said(ran)}")
        expected = {"tokens": self.rows(np.load(given))}
        return self._compared(converted, "tokens", np.load(made), expected)


@dataclass(frozen=True)
class Pictures:
    """A checkpoint whose plan prepares pictures, with the tensors that the reference makes."""

    suite: str
    name: str
    checkpoint: Path
    # With each its tensor [3, H, W], or None where the reference itself fails.
    pictures: Callable[[], list[tuple[Path, np.ndarray | None]]]
    size: tuple[int, int]
    options: tuple[str, ...] = ()

    def measure(self, tools: Tools, scratch: Path) -> Result:
        converted = convert(tools, self.checkpoint, scratch, self.options)
        if isinstance(converted, Result):
            return Result(self.suite, self.name, converted.outcome, converted.detail)
        try:
            pictures = self.pictures()
        except Exception as error:
            why = " ".join(str(error).split())[:120]
            return Result(self.suite, self.name, Outcome.wrong,
                          f"accepted, but the reference fails: {why}")
        wrong, compared = [], 0
        for picture, expected in pictures:
            if expected is None:
                continue
            output = scratch / "tensor.npy"
            output.unlink(missing_ok=True)
            ran = run(tools.vitrun, "preprocess", scratch / "plan", picture, "-o", output)
            fits = expected.shape[-2:] == self.size
            if ran.returncode != 0:
                # What the model cannot read must be refused.
                compared += 1
                wrong += [f"{picture.name}: {said(ran)}"] if fits else []
                continue
            compared += 1
            found = np.load(output)[0]
            if found.shape != expected.shape:
                wrong.append(f"{picture.name}: {found.shape}, expected {expected.shape}")
            elif (difference := float(np.abs(found - expected).max())) > PIXEL_TOLERANCE:
                wrong.append(f"{picture.name}: {difference:.2g}")
        assumed = [note for note in converted if note.is_assumption and note.is_about_pictures]
        if not compared:
            outcome, detail = Outcome.wrong, "accepted, but the reference makes another tensor"
        elif wrong:
            outcome = Outcome.assumed_other if assumed else Outcome.wrong
            detail = f"{len(wrong)} of {compared} pictures; {wrong[0]}"
        else:
            outcome = Outcome.assumed if assumed else Outcome.exact
            detail = f"{compared} pictures"
        return Result(self.suite, self.name, outcome, detail + in_words(assumed))


Sample = Logits | Tokens | Pictures


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs a tool to its end; a signal is a `Crash`."""
    try:
        ended = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=SECONDS)
    except subprocess.TimeoutExpired:
        raise Crash(f"{Path(command[0]).name}: no end after {SECONDS} s") from None
    if ended.returncode < 0 or ended.returncode >= 128:
        raise Crash(f"{Path(command[0]).name}: status {ended.returncode}: {said(ended)}")
    return ended


def convert(
    tools: Tools, checkpoint: Path, scratch: Path, options: tuple[str, ...]
) -> Result | list[Note]:
    """Writes the plan and returns the notes, or says why there is none."""
    ended = run(tools.vitc, "convert", checkpoint, "-o", scratch / "plan", *options)
    if ended.returncode != 0:
        message = said(ended).removeprefix(f"{checkpoint.name}: ")
        kind = Outcome.refused if ended.returncode in (1, 64) else Outcome.crash
        return Result("", "", kind, message)
    files = sorted(path for path in checkpoint.rglob("*") if path.is_file()) if (
        checkpoint.is_dir()) else []
    beside = [path for path in checkpoint.parent.glob("*.json")]
    return notes_of(ended.stderr, tuple(map(str, (checkpoint, *files, *beside))))


def said(ended: subprocess.CompletedProcess[str]) -> str:
    """The line that tells the error, without folders."""
    lines = [line for line in ended.stderr.splitlines() if line.strip()]
    lines = [line for line in lines if not re.match(r"vitc: (note: |using )", line)] or lines
    line = lines[0] if lines else f"status {ended.returncode}, nothing said"
    line = re.sub(r"^(vitc|vitrun): ", "", line)
    return re.sub(r"(/[^\s:/]+)+/", "", line)


def in_words(notes: list[Note]) -> str:
    return f"; notes: {', '.join(note.in_short for note in notes)}" if notes else ""


def closest(found: np.ndarray, expected: dict[str, np.ndarray]) -> tuple[float, str]:
    """The smallest relative difference and the output that has it."""
    differences = {
        name: float(np.abs(found - value).max() / np.abs(value).max())
        if found.shape == value.shape and np.isfinite(found).all() else float("inf")
        for name, value in expected.items()
    }
    best = min(differences, key=differences.__getitem__)
    return differences[best], best
