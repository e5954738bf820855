#!/usr/bin/env python3
"""Prints the table of multiply-adds (G) and parameters (M) of method's base models."""

from __future__ import annotations

from dataclasses import replace

from vit_reference import Reduction, ViTConfig, VisionTransformer
from vit_reference.flops import multiply_adds, parameters

DEIT = ViTConfig()
MODELS = {
    "DeiT-T": DEIT,
    "DeiT-S": replace(DEIT, embed_dim=384, heads=6),
    "DeiT-B": replace(DEIT, embed_dim=768, heads=12),
    "LV-ViT-S": ViTConfig("lvvit", embed_dim=384, depth=16, heads=6, mlp_ratio=3, skip_lam=2),
}


def main() -> None:
    print("| model | dense | keep 0.7 | keep 0.5 | keep 0.7 + multi-scale | parameters | with it |")
    print("|---|---|---|---|---|---|---|")
    for name, config in MODELS.items():
        plans = [None, *(Reduction.uniform(config, keep) for keep in (0.7, 0.5))]
        plans.append(Reduction.uniform(config, 0.7, multi_scale=True))
        work = [f"{multiply_adds(config, plan) / 1e9:.3f}" for plan in plans]
        sizes = [
            f"{parameters(VisionTransformer(config, multi_scale=scales)) / 1e6:.3f}"
            for scales in (False, True)
        ]
        print(f"| {name} | {' | '.join(work + sizes)} |")


if __name__ == "__main__":
    main()
