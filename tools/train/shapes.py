"""An endless, deterministic set of 224 x 224 images: one textured object on a cluttered ground.

A class is a form (which shape the object has) with a texture (how it is filled), so that both the
whole outline and detail of a few pixels count. Colours, place, size, slant and everything behind
the object are left to chance and mean nothing. An image is a pure function of (split, index).
"""

from __future__ import annotations

import numpy as np

from drawing import (
    FORMS, OUTLINE_SHADE, SIZE, Array, Rendered, blend, distractor, finish, ground, in_cells, line,
    source_of_chance, stamp,
)

TEXTURES = ("rows", "columns", "checks", "dots")
CLASS_IDS = tuple(f"{form}-{texture}" for form in FORMS for texture in TEXTURES)
CLASS_NAMES = tuple(f"{form} of {texture}" for form in FORMS for texture in TEXTURES)
KINDS = 1

RADIUS = (22.0, 60.0)
OUTLINE = 2.0
PERIOD = (5.5, 10.0)
SLANT = 0.2


def render(split: str, index: int) -> Rendered:
    """Image number `index` of a split."""
    rng = source_of_chance(split, index)
    label = int(rng.integers(len(CLASS_IDS)))
    canvas = ground(rng)
    for _ in range(int(rng.integers(3, 7))):
        distractor(canvas, rng)
    mask = _object(canvas, label, rng)
    for _ in range(int(rng.integers(1, 4))):
        line(canvas, rng)
    return Rendered(finish(canvas, rng), label, mask[None])


def _fill(texture: str, u: Array, v: Array, period: float) -> Array:
    """0 or 1, with soft steps."""
    a, b = u * (2 * np.pi / period), v * (2 * np.pi / period)
    if texture == "rows":
        wave = np.sin(b)
    elif texture == "columns":
        wave = np.sin(a)
    elif texture == "checks":
        wave = 1.4 * np.sin(a * 0.75) * np.sin(b * 0.75)
    else:
        wave = np.cos(a * 0.8) + np.cos(b * 0.8) - 0.6
    return np.clip(0.5 + 1.6 * wave, 0, 1)


def _object(canvas: Array, label: int, rng: np.random.Generator) -> Array:
    """The form that names the image, filled with its texture and outlined in near-black; all of
    it lies inside. Returns its mask."""
    form, texture = FORMS[label // len(TEXTURES)], TEXTURES[label % len(TEXTURES)]
    radius = float(np.exp(rng.uniform(np.log(RADIUS[0]), np.log(RADIUS[1]))))
    x, y = (float(rng.uniform(radius + 2, SIZE - radius - 2)) for _ in range(2))
    window, distance, u, v = stamp(form, (x, y), radius, rng.uniform(-SLANT, SLANT))
    first = rng.uniform(0.1, 1, 3)
    second = rng.uniform(0.1, 1, 3)
    if abs(first - second).sum() < 0.9:
        second = (first + 0.5) % 1
    phase = rng.uniform(0, 10, 2)
    fill = _fill(texture, u + phase[0], v + phase[1], rng.uniform(*PERIOD))[:, :, None]
    cover = np.clip(0.5 - distance, 0, 1)
    blend(canvas, window, cover, (first + fill * (second - first)).astype(np.float32))
    blend(canvas, window, np.clip(OUTLINE + 0.5 - abs(distance), 0, 1), OUTLINE_SHADE)
    mask = np.zeros((SIZE, SIZE), np.float32)
    mask[window] = cover
    return in_cells(mask)
