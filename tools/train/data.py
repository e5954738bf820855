"""Images for training and measuring: the generated set, or a folder with a sub-folder a class.

The generated set is rendered once into a file and mapped; rendering resumes where it stopped.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

import shapes

MEAN = (0.5, 0.5, 0.5)
STD = (0.5, 0.5, 0.5)


class Images:
    """`pixels` [n, 3, S, S] uint8 (perhaps mapped from a file), `labels` [n], and, for the generated
    set, `masks` [n, S / 4, S / 4] uint8 of the objects. `mirrors`: whether flips and swapped colours
    keep the class."""

    def __init__(
        self, pixels: np.ndarray, labels: np.ndarray, masks: np.ndarray | None, mirrors: bool
    ) -> None:
        self.pixels, self.masks, self.mirrors = pixels, masks, mirrors
        self.labels = torch.from_numpy(labels.astype(np.int64))

    def __len__(self) -> int:
        return len(self.labels)

    def batch(self, index: np.ndarray) -> tuple[Tensor, Tensor]:
        """uint8 images and labels, in the order asked for."""
        return torch.from_numpy(self.pixels[index]), self.labels[torch.from_numpy(index)]

    def in_order(self, size: int) -> Iterator[tuple[Tensor, Tensor]]:
        for start in range(0, len(self), size):
            yield self.batch(np.arange(start, min(start + size, len(self))))


def normalise(images: Tensor) -> Tensor:
    """uint8 [B, 3, S, S] -> what the model takes."""
    mean, std = (torch.tensor(v, device=images.device).view(1, 3, 1, 1) for v in (MEAN, STD))
    return (images.float() / 255 - mean) / std


def augment(images: Tensor, generator: torch.Generator) -> Tensor:
    """Mirrors half of the uint8 images and permutes everyone's colours."""
    flips = torch.rand(len(images), generator=generator) < 0.5
    images = torch.where(flips.view(-1, 1, 1, 1).to(images.device), images.flip(3), images)
    return images[:, torch.randperm(3, generator=generator)]


def cut_patches(
    images: Tensor, masks: Tensor, count: int, side: int, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """`count` patches of each uint8 image, those that the object touches first and others by
    chance: values [B, M, 3 * side * side], places [B, M], and the object's mask in each, in [0, 1],
    [B, M, cells]. Augmented as whole images are."""
    batch, _, size, _ = images.shape
    grid, cells = size // side, masks.shape[1] * side // size
    tiles = images.view(batch, 3, grid, side, grid, side).permute(0, 2, 4, 1, 3, 5)
    covers = masks.view(batch, grid, cells, grid, cells).permute(0, 1, 3, 2, 4)
    touched = covers.flatten(1, 2).flatten(2).amax(dim=2) > 0
    chosen = (torch.rand(touched.shape, generator=generator) + touched).topk(count, dim=1).indices
    row, column, every = chosen // grid, chosen % grid, torch.arange(batch)[:, None]
    values, covers = tiles[every, row, column], covers[every, row, column]
    flips = torch.rand(batch, 1, generator=generator) < 0.5
    values = torch.where(flips.view(-1, 1, 1, 1, 1), values.flip(4), values)
    covers = torch.where(flips.view(-1, 1, 1, 1), covers.flip(3), covers)
    values = values[:, :, torch.randperm(3, generator=generator)]
    places = row * grid + torch.where(flips, grid - 1 - column, column)
    values = normalise(values.flatten(0, 1)).view(batch, count, -1)
    return values, places, covers.flatten(2).float() / 255


def generated(split: str, count: int, folder: Path) -> Images:
    """The first `count` images of a split, rendered into `folder` as far as they are missing."""
    folder.mkdir(parents=True, exist_ok=True)
    base = folder / f"{split}_{count}"
    shapes_of = {
        "pixels": (count, 3, shapes.SIZE, shapes.SIZE),
        "masks": (count, shapes.SIZE // shapes.CELL, shapes.SIZE // shapes.CELL),
        "labels": (count,),
    }
    if not base.with_suffix(".labels").exists():
        for name, shape in shapes_of.items():
            np.memmap(base.with_suffix(f".{name}"), np.uint8, "w+", shape=shape)[...] = 0
    store = {
        name: np.memmap(base.with_suffix(f".{name}"), np.uint8, "r+", shape=shape)
        for name, shape in shapes_of.items()
    }
    missing = np.flatnonzero(store["labels"] == 0)
    for done, index in enumerate(missing, start=1):
        image = shapes.render(split, int(index))
        store["pixels"][index] = image.pixels.transpose(2, 0, 1)
        store["masks"][index] = image.mask
        store["labels"][index] = 1 + image.label
        if done % 500 == 0 or done == len(missing):
            end = "\n" if done == len(missing) else ""
            print(f"\rrendered {done}/{len(missing)}", end=end, file=sys.stderr, flush=True)
    return Images(store["pixels"], store["labels"] - 1, store["masks"], mirrors=True)


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
