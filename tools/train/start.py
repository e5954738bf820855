"""The model that a training starts from: new, or a trained one, perhaps deeper or on two scales."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from vit_reference import ViTConfig, VisionTransformer
from vit_reference.checkpoint import load_model, read_state


def checkpoint_of(run: Path) -> tuple[Path, Path]:
    """Weights and configuration of a run's folder, or of a file with config.json beside it."""
    if run.is_dir():
        return run / "model.safetensors", run / "config.json"
    return run, run.with_name("config.json")


def starts_with_scales(arguments: argparse.Namespace) -> bool:
    """Whether the starting point has two-scale weights already."""
    if arguments.init is None:
        return False
    return any(key.startswith("multiscale.") for key in read_state(checkpoint_of(arguments.init)[0]))


def new_place(block: int, depth: int, new_depth: int) -> int:
    """Where a block of a shallow model goes in a deeper one."""
    return block * new_depth // depth


def spread_blocks(source: VisionTransformer, depth: int) -> dict[str, Tensor]:
    """The state of a model whose blocks are spread evenly over `depth` blocks."""
    def rename(key: str) -> str:
        words = key.split(".")
        if words[0] == "blocks":
            words[1] = str(new_place(int(words[1]), source.config.depth, depth))
        return ".".join(words)

    return {rename(key): value for key, value in source.state_dict().items()}


@torch.no_grad()
def silence_new_blocks(model: VisionTransformer, depth: int) -> None:
    """Blocks that a model of `depth` blocks did not have start as the identity."""
    old = {new_place(block, depth, model.config.depth) for block in range(depth)}
    for index, block in enumerate(model.blocks):
        if index not in old:
            block.attn.proj.weight.zero_()
            block.mlp.fc2.weight.zero_()


def build_model(arguments: argparse.Namespace, classes: int) -> VisionTransformer:
    """A new model, or the one to start from, made deeper and given two-scale weights as asked. `arguments`
    are those of `train.py`."""
    if arguments.init is None:
        config = ViTConfig(
            embed_dim=arguments.embed_dim, heads=arguments.heads, depth=arguments.depth,
            classes=classes,
        )
        model = VisionTransformer(config, multi_scale=arguments.multi_scale)
    else:
        source = load_model(*checkpoint_of(arguments.init))
        if source.config.classes != classes:
            raise ValueError(f"{arguments.init} has {source.config.classes} classes, not {classes}")
        config = replace(source.config, depth=max(arguments.depth, source.config.depth))
        two_scales = arguments.multi_scale or hasattr(source, "multiscale")
        model = VisionTransformer(config, multi_scale=two_scales)
        model.load_state_dict(spread_blocks(source, config.depth), strict=False)
        silence_new_blocks(model, source.config.depth)
    if arguments.multi_scale and not starts_with_scales(arguments):
        model.multiscale.initialise_from(
            model.cls_token, model.pos_embed, model.config.positions_cover_prefix
        )
    return model
