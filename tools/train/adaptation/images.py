"""Images without labels: all of them decoded before anything is trained, some held back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from .description import Preparation
from .refusal import Refusal

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
HELD_BACK = 5
"""One of so many is held back."""
MOST_VIEWS = 6
"""Of each image that is held back: as the model sees it, mirrored, and crops. One view of fifty images is too
little to tell which of several states is the best."""
ENOUGH_VIEWS = 600
"""Of all images that are held back; many images need fewer of each."""
SMALLEST_SHARE = 0.35
"""Of an image's area, that a crop shows."""
FEWEST = 10


@dataclass
class Unlabelled:
    """`crops_of` are images to train on, their shorter side at most twice the model's; `held_back`
    [n, 3, S, S] are others, in `views` views each. `names` are those of all files that were read."""

    preparation: Preparation
    crops_of: list[Image.Image]
    held_back: Tensor
    views: int
    names: list[str]

    @classmethod
    def read(cls, folder: Path, preparation: Preparation, count: int, seed: int) -> Unlabelled:
        """At most `count` images of a folder and those in it, drawn by chance."""
        paths = found_in(folder, FEWEST)
        chosen = np.random.default_rng([seed, 0]).permutation(len(paths))[:count]
        crops_of, held_back = [], []
        rng = np.random.default_rng([seed, 3])
        views = max(1, min(MOST_VIEWS, ENOUGH_VIEWS // -(-len(chosen) // HELD_BACK)))
        for place, index in enumerate(chosen):
            image = decoded(paths[index])
            if place % HELD_BACK == 0:
                whole = preparation.whole(image)
                image = _reduced(image, 2 * preparation.size)
                crops = [_crop(preparation, image, rng) for _ in range(views - 2)]
                held_back += [whole, whole.flip(2), *crops][:views]
            else:
                crops_of.append(_reduced(image, 2 * preparation.size))
        names = [paths[index].relative_to(folder).as_posix() for index in chosen]
        return cls(preparation, crops_of, torch.stack(held_back), views, names)

    def batch(self, step: int, size: int, seed: int) -> Tensor:
        """Crops and flips of `size` images, [B, 3, S, S]: a function of seed and step."""
        per_epoch = max(1, len(self.crops_of) // size)
        epoch, place = divmod(step, per_epoch)
        order = np.random.default_rng([seed, 1, epoch]).permutation(len(self.crops_of))
        rng = np.random.default_rng([seed, 2, step])
        chosen = order[place * size : (place + 1) * size]
        return torch.stack([_crop(self.preparation, self.crops_of[index], rng) for index in chosen])


def found_in(folder: Path, fewest: int = 1) -> list[Path]:
    """The images of a folder and of those in it."""
    if not folder.is_dir():
        raise Refusal(folder, "images", "a folder", "none")
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    if len(paths) < fewest:
        raise Refusal(folder, "images", f"at least {fewest} JPEG, PNG or WebP files", len(paths))
    return paths


def decoded(path: Path) -> Image.Image:
    try:
        with Image.open(path) as opened:
            return opened.convert("RGB")
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        raise Refusal(path, "image", "one that can be decoded", error) from None


def _crop(preparation: Preparation, image: Image.Image, rng: np.random.Generator) -> Tensor:
    """A window of `SMALLEST_SHARE` to all of the area and 3:4 to 4:3, mirrored or not; where it does not fit, as
    much as does."""
    width, height = image.size
    area = width * height * rng.uniform(SMALLEST_SHARE, 1)
    aspect = np.exp(rng.uniform(np.log(3 / 4), np.log(4 / 3)))
    wide, high = min(width, (area * aspect) ** 0.5), min(height, (area / aspect) ** 0.5)
    left, top = rng.uniform(0, width - wide), rng.uniform(0, height - high)
    part = preparation.window(image, (left, top, left + wide, top + high))
    return part.flip(2) if rng.random() < 0.5 else part


def _reduced(image: Image.Image, shorter: int) -> Image.Image:
    """Smaller where it is large: crops of it are made smaller still."""
    scale = shorter / min(image.size)
    if scale >= 1:
        return image
    return image.resize((round(image.width * scale), round(image.height * scale)), reducing_gap=2)
