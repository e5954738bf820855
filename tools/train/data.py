"""Images for training and measuring: a generated set, or a folder with a sub-folder a class.

A generated set is rendered once into files and mapped; rendering resumes where it stopped.
"""

from __future__ import annotations

import importlib
import math
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from PIL import Image
from torch import Tensor

import drawing
import scenes
import shapes

MEAN = (0.5, 0.5, 0.5)
STD = (0.5, 0.5, 0.5)

GENERATED = {"shapes": shapes, "scenes": scenes}


class Images:
    """`pixels` uint8 [n, 3, S, S] (perhaps mapped from a file), `labels` [n], and, for the generated
    sets, `masks` uint8 [n, kinds, S / 4, S / 4] of the objects of each kind. `mirrors`: whether flips
    and swapped colours keep the class."""

    def __init__(
        self, pixels: np.ndarray, labels: np.ndarray, masks: np.ndarray | None, mirrors: bool
    ) -> None:
        self.pixels = torch.from_numpy(pixels)
        self.labels = torch.from_numpy(labels.astype(np.int64))
        self.masks = None if masks is None else torch.from_numpy(masks)
        self.mirrors = mirrors

    def __len__(self) -> int:
        return len(self.labels)

    def moved(self, device: str) -> Images:
        """All of it in the memory of a device, so that batches are cut there."""
        self.pixels, self.labels = self.pixels.to(device), self.labels.to(device)
        if self.masks is not None:
            self.masks = self.masks.to(device)
        return self

    def batch(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """uint8 images and labels, in the order asked for."""
        index = index.to(self.labels.device)
        return self.pixels[index], self.labels[index]

    def in_order(self, size: int) -> Iterator[tuple[Tensor, Tensor]]:
        for start in range(0, len(self), size):
            yield self.batch(torch.arange(start, min(start + size, len(self))))


def normalise(images: Tensor) -> Tensor:
    """uint8 [B, 3, S, S] -> what the model takes."""
    mean, std = (torch.tensor(v, device=images.device).view(1, 3, 1, 1) for v in (MEAN, STD))
    return (images.float() / 255 - mean) / std


def augment(images: Tensor, generator: torch.Generator) -> Tensor:
    """Mirrors half of the uint8 images and permutes everyone's colours."""
    flips = torch.rand(len(images), generator=generator, device=generator.device) < 0.5
    images = torch.where(flips.view(-1, 1, 1, 1).to(images.device), images.flip(3), images)
    order = torch.randperm(3, generator=generator, device=generator.device)
    return images[:, order.to(images.device)]


def cut_patches(
    images: Tensor, masks: Tensor, count: int, side: int, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """`count` patches of each uint8 image, those that an object touches first and others by chance:
    values [B, M, 3 * side * side], places [B, M], and the masks in each, in [0, 1],
    [B, M, kinds * cells]. Augmented as whole images are. Images and masks lie on the generator's
    device."""
    batch, _, size, _ = images.shape
    kinds, device = masks.shape[1], generator.device
    grid, cells = size // side, masks.shape[2] * side // size
    tiles = images.view(batch, 3, grid, side, grid, side).permute(0, 2, 4, 1, 3, 5)
    covers = masks.view(batch, kinds, grid, cells, grid, cells).permute(0, 2, 4, 1, 3, 5)
    touched = covers.flatten(1, 2).flatten(2).amax(dim=2) > 0
    chance = torch.rand(touched.shape, generator=generator, device=device)
    chosen = (chance + touched).topk(count, dim=1).indices
    row, column = chosen // grid, chosen % grid
    every = torch.arange(batch, device=device)[:, None]
    values, covers = tiles[every, row, column], covers[every, row, column]
    flips = torch.rand(batch, 1, generator=generator, device=device) < 0.5
    mirrored = flips.view(-1, 1, 1, 1, 1)
    values = torch.where(mirrored, values.flip(4), values)
    covers = torch.where(mirrored, covers.flip(4), covers)
    values = values[:, :, torch.randperm(3, generator=generator, device=device)]
    places = row * grid + torch.where(flips, grid - 1 - column, column)
    values = normalise(values.flatten(0, 1)).view(batch, count, -1)
    return values, places, covers.flatten(2).float() / 255


def generated(source: ModuleType, split: str, count: int, folder: Path) -> Images:
    """The first `count` images of a split, rendered into `folder` as far as they are missing, by every
    processor that there is. `source` is `shapes` or `scenes`."""
    folder.mkdir(parents=True, exist_ok=True)
    base = folder / f"{source.__name__}_{split}_{count}"
    store = _mapped(source, base, count)
    missing = np.flatnonzero(store["labels"] == 0)
    if len(missing):
        parts = np.array_split(missing, -(-len(missing) // 100))
        with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as workers:
            work = [workers.submit(_render, source.__name__, split, base, count, part) for part in parts]
            for done, part in enumerate(as_completed(work), start=1):
                part.result()
                end = "\n" if done == len(parts) else ""
                print(f"\rrendered {done}/{len(parts)} hundreds", end=end, file=sys.stderr, flush=True)
    return Images(store["pixels"], store["labels"] - 1, store["masks"], mirrors=True)


def _mapped(source: ModuleType, base: Path, count: int) -> dict[str, np.ndarray]:
    """The files of a set, made if they are absent. A label is stored as 1 more: 0 is not rendered."""
    side = drawing.SIZE // drawing.CELL
    shapes_of = {
        "pixels": (count, 3, drawing.SIZE, drawing.SIZE),
        "masks": (count, source.KINDS, side, side),
        "labels": (count,),
    }
    found: dict[str, np.ndarray] = {}
    for name, shape in shapes_of.items():
        path = base.with_suffix(f".{name}")
        if not path.exists():
            with path.open("wb") as file:
                file.truncate(math.prod(shape))
        found[name] = np.memmap(path, np.uint8, "r+", shape=shape)
    return found


def _render(name: str, split: str, base: Path, count: int, indices: np.ndarray) -> None:
    """Renders some images of a set into its files."""
    source = importlib.import_module(name)
    store = _mapped(source, base, count)
    for index in indices:
        image = source.render(split, int(index))
        store["pixels"][index] = image.pixels.transpose(2, 0, 1)
        store["masks"][index] = image.masks
        store["labels"][index] = 1 + image.label


def from_folder(folder: Path, size: int) -> Images:
    """Every image of `folder`/CLASS/, classes in alphabetical order, centre-cropped to `size`."""
    classes = sorted(path.name for path in folder.iterdir() if path.is_dir())
    pixels, labels = [], []
    for label, name in enumerate(classes):
        for path in sorted((folder / name).iterdir()):
            pixels.append(_square(path, size))
            labels.append(label)
    if not pixels:
        raise ValueError(f"{folder} has no sub-folders with images")
    return Images(np.stack(pixels), np.array(labels), None, mirrors=False)


def _square(path: Path, size: int) -> np.ndarray:
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    scale = size / min(image.size)
    wide, high = (max(size, round(side * scale)) for side in image.size)
    image = image.resize((wide, high), Image.Resampling.BICUBIC)
    left, top = (wide - size) // 2, (high - size) // 2
    image = image.crop((left, top, left + size, top + size))
    return np.asarray(image).transpose(2, 0, 1).copy()
