"""An endless, deterministic set of 224 x 224 images whose class no single object decides.

A scene has some thirty small outlined forms on a cluttered ground; its class is the form that occurs
most often, by at least `LEAD`. To tell it, a model must find nearly all of the forms, which lie on more
than half of the patches. Plain forms without an outline do not count. Colours, places, sizes and slants
mean nothing. An image is a pure function of (split, index).
"""

from __future__ import annotations

import numpy as np

from drawing import (
    FORMS, OUTLINE_SHADE, SIZE, Array, Rendered, blend, distractor, finish, ground, in_cells, line,
    source_of_chance, stamp,
)

CLASS_IDS = tuple(f"most-{form}" for form in FORMS)
PLURALS = ("discs", "squares", "triangles", "crosses", "rings", "diamonds")
CLASS_NAMES = tuple(f"mostly {form}" for form in PLURALS)
KINDS = len(FORMS)

MOST = (8, 10)
LEAD = 3
FEWEST = 2
RADIUS = (8.0, 10.0)
OUTLINE = 1.25
SLANT = 0.25
APART = 1.0
"""Pixels that are left free between the circles around two forms, which at most cover 40 % of the
image: a place for one more is always found soon."""


def render(split: str, index: int) -> Rendered:
    """Image number `index` of a split."""
    rng = source_of_chance(split, index, stream=1)
    label = int(rng.integers(len(FORMS)))
    most = int(rng.integers(MOST[0], MOST[1] + 1))
    counts = rng.integers(FEWEST, most - LEAD + 1, len(FORMS))
    counts[label] = most
    canvas = ground(rng)
    for _ in range(int(rng.integers(3, 7))):
        distractor(canvas, rng)
    covers = np.zeros((KINDS, SIZE, SIZE), np.float32)
    kinds = rng.permutation(np.repeat(np.arange(KINDS), counts))
    for kind, (x, y, radius) in zip(kinds, _places(len(kinds), rng), strict=True):
        window, cover = _object(canvas, FORMS[kind], (x, y), radius, rng)
        np.maximum(covers[kind][window], cover, out=covers[kind][window])
    for _ in range(int(rng.integers(1, 4))):
        line(canvas, rng)
    masks = np.stack([in_cells(cover) for cover in covers])
    return Rendered(finish(canvas, rng), label, masks)


def _places(count: int, rng: np.random.Generator) -> list[tuple[float, float, float]]:
    """Centres and radii of circles that do not touch."""
    places: list[tuple[float, float, float]] = []
    while len(places) < count:
        radius = float(rng.uniform(*RADIUS))
        x, y = (float(rng.uniform(radius + 2, SIZE - radius - 2)) for _ in range(2))
        if all(np.hypot(x - a, y - b) >= radius + r + APART for a, b, r in places):
            places.append((x, y, radius))
    return places


def _object(
    canvas: Array, form: str, centre: tuple[float, float], radius: float, rng: np.random.Generator
) -> tuple[tuple[slice, slice], Array]:
    """One form in one colour, outlined in near-black; its window and what it covers of that."""
    window, distance, _, _ = stamp(form, centre, radius, rng.uniform(-SLANT, SLANT))
    cover = np.clip(0.5 - distance, 0, 1)
    blend(canvas, window, cover, rng.uniform(0.25, 1, 3).astype(np.float32))
    blend(canvas, window, np.clip(OUTLINE + 0.5 - abs(distance), 0, 1), OUTLINE_SHADE)
    return window, cover
