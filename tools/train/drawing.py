"""What the generated images are drawn with: grounds, forms, plain distractors and strokes.

A canvas is float32 [SIZE, SIZE, 3] in [0, 1]; distances and radii are in pixels.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

import numpy as np

SIZE = 224
FORMS = ("disc", "square", "triangle", "cross", "ring", "diamond")
SPLIT_SEEDS = {"train": 11, "test": 29}
CELL = 4
OUTLINE_SHADE = np.float32(0.03)
KNOTS = 7

Array = np.ndarray
Window = tuple[slice, slice]


@dataclass(frozen=True)
class Rendered:
    """`pixels` uint8 [SIZE, SIZE, 3]; `label` a class; `masks` uint8 [kinds, SIZE / CELL, SIZE / CELL],
    how much of each cell an object of each kind covers, of 255."""

    pixels: Array
    label: int
    masks: Array


def source_of_chance(split: str, index: int, stream: int = 0) -> np.random.Generator:
    """Everything that is random in image `index` of a split; each set of images has its stream."""
    return np.random.Generator(np.random.Philox(key=[SPLIT_SEEDS[split] + 1000 * stream, index]))


def ground(rng: np.random.Generator) -> Array:
    """Soft colour clouds under faint gratings of any direction."""
    knots = rng.uniform(0.25, 0.75) + rng.uniform(-0.22, 0.22, (KNOTS, KNOTS, 3))
    down = np.tensordot(_HATS, knots.astype(np.float32), axes=1)
    canvas = np.ascontiguousarray(np.tensordot(_HATS, down, axes=(1, 1)).transpose(1, 0, 2))
    axis = np.arange(SIZE, dtype=np.float32)
    for _ in range(2):
        angle, period = rng.uniform(0, np.pi), rng.uniform(6, 40)
        fx, fy = np.cos(angle) * 2 * np.pi / period, np.sin(angle) * 2 * np.pi / period
        phase = rng.uniform(0, 2 * np.pi)
        columns = np.stack([np.cos(fx * axis), np.sin(fx * axis)])
        tint = rng.uniform(-0.06, 0.06, 3).astype(np.float32)
        rows = np.stack([np.sin(fy * axis + phase), np.cos(fy * axis + phase)], axis=1)
        tinted = (columns[:, :, None] * tint).reshape(2, -1).astype(np.float32)
        canvas += (rows.astype(np.float32) @ tinted).reshape(SIZE, SIZE, 3)
    return canvas


_HATS = np.maximum(
    0,
    1
    - np.abs(
        np.linspace(0, KNOTS - 1, SIZE, dtype=np.float32)[:, None]
        - np.arange(KNOTS, dtype=np.float32)
    ),
)
"""Linear interpolation from KNOTS values to SIZE pixels, [SIZE, KNOTS]."""


_DISTANCES: dict[str, Callable[[Array, Array, float], Array]] = {
    "disc": lambda u, v, r: np.hypot(u, v) - r,
    "square": lambda u, v, r: np.maximum(abs(u), abs(v)) - 0.86 * r,
    "triangle": lambda u, v, r: np.maximum(0.866 * abs(u) - 0.5 * v, v) - 0.56 * r,
    "cross": lambda u, v, r: np.minimum(
        np.maximum(abs(u) - r, abs(v) - 0.36 * r), np.maximum(abs(v) - r, abs(u) - 0.36 * r)
    ),
    "ring": lambda u, v, r: abs(np.hypot(u, v) - 0.72 * r) - 0.28 * r,
    "diamond": lambda u, v, r: (abs(u) + abs(v)) * 0.707 - 0.78 * r,
}
"""Signed distance to a form's outline, in pixels, roughly; `v` grows downwards."""


def stamp(
    form: str, centre: tuple[float, float], radius: float, slant: float
) -> tuple[tuple[slice, slice], Array, Array, Array]:
    """The window of the canvas around a form, the distance to its outline there, and its own
    coordinates."""
    reach = radius + 4
    left, right = max(0, int(centre[0] - reach)), min(SIZE, int(centre[0] + reach) + 1)
    top, bottom = max(0, int(centre[1] - reach)), min(SIZE, int(centre[1] + reach) + 1)
    x = np.arange(left, right, dtype=np.float32)[None, :] - centre[0]
    y = np.arange(top, bottom, dtype=np.float32)[:, None] - centre[1]
    u = np.cos(slant) * x + np.sin(slant) * y
    v = np.cos(slant) * y - np.sin(slant) * x
    return (slice(top, bottom), slice(left, right)), _DISTANCES[form](u, v, radius), u, v


def blend(canvas: Array, window: tuple[slice, slice], cover: Array, colour: Array | np.float32) -> None:
    view = canvas[window]
    view += cover[:, :, None].astype(np.float32) * (colour - view)


def distractor(canvas: Array, rng: np.random.Generator) -> None:
    """A plain form: it has an outline but no texture."""
    form = FORMS[int(rng.integers(len(FORMS)))]
    centre = (rng.uniform(0, SIZE), rng.uniform(0, SIZE))
    window, distance, _, _ = stamp(form, centre, rng.uniform(8, 34), rng.uniform(0, 2 * np.pi))
    cover = np.clip(0.5 - distance, 0, 1)
    colour = rng.uniform(0, 1, 3).astype(np.float32)
    blend(canvas, window, cover * np.float32(rng.uniform(0.5, 1)), colour)


def line(canvas: Array, rng: np.random.Generator) -> None:
    """A thin stroke across everything."""
    x0, y0, x1, y1 = rng.uniform(0, SIZE, 4)
    count = int(np.hypot(x1 - x0, y1 - y0)) + 1
    place = np.linspace(0, 1, count)
    x = (x0 + place * (x1 - x0)).astype(int)
    y = (y0 + place * (y1 - y0)).astype(int)
    colour = rng.uniform(0, 1, 3).astype(np.float32)
    canvas[y, x] = colour
    canvas[np.minimum(y + 1, SIZE - 1), x] = colour


def finish(canvas: Array, rng: np.random.Generator) -> Array:
    """Grain over everything; uint8 pixels."""
    grain = rng.standard_normal((SIZE, SIZE, 1), dtype=np.float32)
    canvas += grain * np.float32(rng.uniform(0.01, 0.05))
    np.clip(canvas, 0, 1, out=canvas)
    return (canvas * 255 + 0.5).astype(np.uint8)


def in_cells(cover: Array) -> Array:
    """The mean of each cell of a mask [SIZE, SIZE] in [0, 1], uint8 of 255."""
    cells = cover.reshape(SIZE // CELL, CELL, SIZE // CELL, CELL).mean(axis=(1, 3))
    return (cells * 255 + 0.5).astype(np.uint8)
