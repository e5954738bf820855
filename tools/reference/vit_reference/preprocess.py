"""timm's evaluation transform with Pillow, to the bit."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


def preprocess(
    path: Path,
    size: int = 224,
    crop: float = 0.9,
    mean: tuple[float, ...] = IMAGENET_MEAN,
    std: tuple[float, ...] = IMAGENET_STD,
) -> Tensor:
    """The input tensor [3, size, size] of a picture."""
    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    return centre(picture, size, math.floor(size / crop), mean, std)


def centre(
    picture: Image.Image,
    size: int,
    shorter: int,
    mean: tuple[float, ...],
    std: tuple[float, ...],
    resample: Image.Resampling = Image.Resampling.BICUBIC,
) -> Tensor:
    """The input tensor [3, size, size] of an RGB picture whose shorter side is made `shorter` first."""
    width, height = picture.size
    if width <= height:
        width, height = shorter, int(shorter * height / width)
    else:
        width, height = int(shorter * width / height), shorter
    picture = picture.resize((width, height), resample)
    left, top = round((width - size) / 2.0), round((height - size) / 2.0)
    picture = picture.crop((left, top, left + size, top + size))
    return normalise(picture, mean, std)


def normalise(picture: Image.Image, mean: tuple[float, ...], std: tuple[float, ...]) -> Tensor:
    """RGB samples, scaled to [0, 1] and normalised, [3, height, width]."""
    values = torch.from_numpy(np.array(picture)).permute(2, 0, 1).float() / 255
    return (values - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(std).view(3, 1, 1)
