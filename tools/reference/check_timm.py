#!/usr/bin/env python3
"""Compares the base families with timm, weights random.

    python check_timm.py

Prints a line a model: PASS or FAIL and the largest difference of a logit, relative to the largest
logit.
"""

from __future__ import annotations

import sys

import timm
import torch

from vit_reference import VisionTransformer
from vit_reference.checkpoint import config_of, rename

ARCHITECTURES = (
    "deit_tiny_patch16_224",
    "deit_small_patch16_224",
    "deit_base_patch16_224",
    "deit_tiny_distilled_patch16_224",
    "deit_small_distilled_patch16_224",
    "deit3_small_patch16_224",
    "deit3_base_patch16_224",
    "vit_tiny_patch16_224",
    "vit_small_patch14_dinov2",
    "vit_small_patch14_reg4_dinov2",
    "vit_base_patch32_clip_quickgelu_224",
    "vit_base_patch16_siglip_224",
    "eva02_tiny_patch14_224",
    "vit_small_patch16_rope_224",
    "vit_small_patch16_rope_mixed_224",
)
TOLERANCE = 1e-4


@torch.no_grad()
def difference(architecture: str) -> float:
    """Largest difference of a logit over the largest logit, on one random picture."""
    torch.manual_seed(0)
    theirs = timm.create_model(architecture, pretrained=False).eval()
    for parameter in theirs.parameters():
        spread = parameter[0].numel() ** -0.5 if parameter.dim() > 1 else 0.1
        parameter.add_(spread * torch.randn_like(parameter))
    state = {rename(key): value for key, value in theirs.state_dict().items()}
    description = {"architecture": architecture,
                   "model_args": {"img_size": theirs.patch_embed.img_size[0]}}
    ours = VisionTransformer(config_of(state, description)).eval()
    ours.load_state_dict(state)
    picture = torch.randn(1, 3, ours.config.image_size, ours.config.image_size)
    expected = theirs(picture)
    return ((ours(picture) - expected).abs().max() / expected.abs().max()).item()


def main() -> int:
    torch.set_num_threads(1)
    failed = 0
    for architecture in ARCHITECTURES:
        value = difference(architecture)
        failed += not value <= TOLERANCE
        print(f"{'PASS' if value <= TOLERANCE else 'FAIL'} {architecture}: {value:.1e}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
