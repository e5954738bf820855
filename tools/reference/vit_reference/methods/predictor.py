"""The scoring network that DynamicViT and SP-ViT put in front of a block."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def input_layers(width: int) -> nn.Sequential:
    # The backbone's epsilon is 1e-6 in DeiT; the predictors' is PyTorch's own.
    return nn.Sequential(nn.LayerNorm(width, eps=1e-5), nn.Linear(width, width), nn.GELU())


def output_layers(width: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(width, width // 2), nn.GELU(),
        nn.Linear(width // 2, width // 4), nn.GELU(),
        nn.Linear(width // 4, 2),
    )


def predict(in_conv: nn.Module, out_conv: nn.Module, x: Tensor) -> Tensor:
    """What speaks for keeping and for dropping each token, [..., N, 2], of tokens [..., N, C]: the first half
    of their channels stays each token's own, the second becomes the mean over the tokens."""
    own, shared = in_conv(x).tensor_split([x.shape[-1] // 2], dim=-1)
    shared = shared.mean(dim=-2, keepdim=True).expand_as(shared)
    return out_conv(torch.cat([own, shared], dim=-1))


class TokenPredictor(nn.Module):
    """DynamicViT's, over all channels."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.in_conv = input_layers(width)
        self.out_conv = output_layers(width)

    def forward(self, x: Tensor) -> Tensor:
        return predict(self.in_conv, self.out_conv, x)
