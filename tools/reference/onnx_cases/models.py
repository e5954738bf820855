"""Small random models, every parameter of which matters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import timm
import torch
import transformers
from torch import Tensor, nn
from variants.models import MICRO, TokenLabelingLVViT, randomise
from variants.onnx_files import LogitsOnly

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_TIMM = {
    "vit": "vit_tiny_patch16_224",
    "distilled": "deit_tiny_distilled_patch16_224",
    "deit3": "deit3_small_patch16_224",
}
SIZE = (12, 20)


def randomised(model: nn.Module, seed: int = 11) -> nn.Module:
    torch.manual_seed(seed)
    return randomise(model)


def model(kind: str = "vit", size: tuple[int, int] = SIZE, **arguments: Any) -> nn.Module:
    """A model of timm, of TokenLabeling (always 16 x 16) or of transformers."""
    if kind == "lvvit":
        return randomised(TokenLabelingLVViT(replace(MICRO, depth=1)))
    if kind == "transformers":
        config = transformers.ViTConfig(
            hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
            image_size=size, patch_size=4, num_labels=5)
        return LogitsOnly(randomised(transformers.ViTForImageClassification(config)))
    found = timm.create_model(_TIMM[kind], **{
        "img_size": size, "patch_size": 4, "embed_dim": 8, "depth": 1, "num_heads": 2,
        "mlp_ratio": 2, "num_classes": 5, **arguments})
    if hasattr(found, "set_distilled_training"):
        found.set_distilled_training(False)
    return randomised(found)


def size_of(kind: str) -> tuple[int, int]:
    return (16, 16) if kind == "lvvit" else SIZE


def pictures(size: tuple[int, int] = SIZE) -> Tensor:
    """Two images of normalised samples."""
    torch.manual_seed(5)
    return torch.randn(2, 3, *size)


def samples(size: tuple[int, int] = SIZE) -> Tensor:
    """Two images of samples from 0 to 255."""
    torch.manual_seed(6)
    return torch.randint(0, 256, (2, 3, *size), dtype=torch.uint8)


class Normalise(nn.Module):
    """What people put in front of a model. `order` names the steps: `f` to floats, `c` channels
    first, `/` by 255, `n` mean and deviation, `+` the same as a product and a sum, `o` twice the
    sample less 1, `h` the same of samples up to 255, `i` 1 less the sample."""

    def __init__(self, order: str, mean: tuple = MEAN, std: tuple = STD, channel: int = 1) -> None:
        super().__init__()
        shape = (1, 3, 1, 1) if channel == 1 else (3,)
        self.order = order
        self.register_buffer("mean", torch.tensor(mean).view(shape))
        self.register_buffer("std", torch.tensor(std).view(shape))

    def forward(self, x: Tensor) -> Tensor:
        for step in self.order:
            match step:
                case "f": x = x.float()
                case "c": x = x.permute(0, 3, 1, 2)
                case "/": x = x / 255
                case "n": x = (x - self.mean) / self.std
                case "+": x = x * (1 / self.std) + (-self.mean / self.std)
                case "o": x = x * 2 - 1
                case "h": x = (x - 127.5) / 127.5
                case "i": x = 1 - x
        return x
