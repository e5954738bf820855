"""The dense model teaches the pruned one: the loop, what is measured, what is kept."""

from __future__ import annotations

import copy
import pickle
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import recipe
from vit_reference import Reduction, VisionTransformer

from .images import Unlabelled
from .measure import Measure, divergence, measured, outputs
from .original import Original
from .refusal import Refusal


SHARES = (1.0, 0.75, 0.5)
"""Of the way from the original to the student: with few images the student goes too far in some directions, and
a mean of both is better than either (Wortsman et al., arXiv 2109.01903)."""


@dataclass(frozen=True)
class Options:
    steps: int
    batch: int
    rate: float
    seed: int
    check_every: int


class Distillation:
    """`best` are the tensors of the least divergence so far, under the file's names, or None while the
    original has it."""

    def __init__(
        self, original: Original, model: VisionTransformer, reduction: Reduction, images: Unlabelled,
        options: Options, device: str,
    ) -> None:
        self.original, self.reduction, self.images = original, reduction, images
        self.options, self.device = options, device
        self.teacher = model.to(device).requires_grad_(False)
        self.student = copy.deepcopy(self.teacher).requires_grad_(True)
        self.judged = copy.deepcopy(self.teacher)
        self.optimiser = torch.optim.AdamW(self.student.parameters(), lr=options.rate)
        self.has_classes = model.config.classes > 0
        self.step = 0
        self.expected = outputs(self.teacher, images.held_back, None, device)
        self.before = self._measure(self.teacher)
        self.after, self.after_step = self.before, 0
        self.best: dict[str, Tensor] | None = None

    def _measure(self, model: VisionTransformer) -> Measure:
        found = outputs(model, self.images.held_back, self.reduction, self.device)
        return measured(found, self.expected, self.has_classes)

    def take_step(self) -> float:
        """One update; the divergence before it."""
        options = self.options
        images = self.images.batch(self.step, options.batch, options.seed).to(self.device)
        with torch.no_grad():
            expected = self.teacher(images)
        loss = divergence(self.student(images, self.reduction), expected, self.has_classes).mean()
        warmup = max(1, options.steps // 10)
        for group in self.optimiser.param_groups:
            group["lr"] = recipe.learning_rate(self.step, options.steps, options.rate, warmup)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.student.parameters(), 1.0)
        if not norm.isfinite():
            raise Refusal(self.original.path, f"step {self.step + 1}", "finite gradients (a smaller --lr)",
                          norm.item())
        self.optimiser.step()
        self.step += 1
        return loss.item()

    def check(self) -> Measure:
        """Measures the state, and others on the straight way to it, as they would be written, and keeps the
        best there is. Returns what is best now."""
        start, end = self.teacher.state_dict(), self.student.state_dict()
        found = []
        for share in SHARES:
            between = {
                name: torch.lerp(start[name], value, share) if value.is_floating_point() else value
                for name, value in end.items()
            }
            tensors = self.original.rounded(between)
            self.judged.load_state_dict(
                Original(self.original.path, tensors, None).state, strict=False
            )
            found.append(self._measure(self.judged))
            if found[-1].divergence < self.after.divergence:
                self.after, self.after_step, self.best = found[-1], self.step, tensors
        return min(found, key=lambda measure: measure.divergence)

    def run(self, state: Path | None, key: str) -> None:
        """To the last step; with `state`, from where that file has it."""
        self._resume(state, key)
        started, first = time.monotonic(), self.step
        sum_of, count = 0.0, 0
        while self.step < self.options.steps:
            sum_of, count = sum_of + self.take_step(), count + 1
            if self.step % self.options.check_every and self.step < self.options.steps:
                continue
            found = self.check()
            pace = (time.monotonic() - started) / (self.step - first)
            print(f"step {self.step}/{self.options.steps}: {sum_of / count:.4f} on crops, held back: {found}; "
                  f"{pace:.2f} s a step", file=sys.stderr, flush=True)
            sum_of, count = 0.0, 0
            self._save(state, key)

    def _save(self, path: Path | None, key: str) -> None:
        if path is None:
            return
        partial = path.with_name(f".{path.name}.partial")
        try:
            torch.save({
                "key": key, "step": self.step, "student": self.student.state_dict(),
                "optimiser": self.optimiser.state_dict(), "best": self.best, "after": tuple(self.after),
                "after_step": self.after_step,
            }, partial)
            partial.replace(path)
        except (OSError, RuntimeError) as error:
            raise Refusal(path, "state", "a file that can be written", error) from None
        finally:
            partial.unlink(missing_ok=True)

    def _resume(self, path: Path | None, key: str) -> None:
        if path is None or not path.exists():
            return
        try:
            state: dict[str, Any] = torch.load(path, map_location=self.device, weights_only=True)
            found = state["key"]
        except (OSError, RuntimeError, KeyError, TypeError, EOFError, pickle.UnpicklingError):
            raise Refusal(path, "state", "one that adapt.py wrote", "another file") from None
        if found != key:
            raise Refusal(path, "state", "that of the same checkpoint, images and options", "another's")
        self.student.load_state_dict(state["student"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.after_step = state["step"], state["after_step"]
        self.after = Measure(*state["after"])
        if state["best"] is not None:
            self.best = {name: value.cpu() for name, value in state["best"].items()}
        print(f"going on from step {self.step}", file=sys.stderr)
