"""A checkpoint, what it is, how it sees images and how its tokens are reduced, as options say."""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

from vit_reference import Reduction, VisionTransformer

from . import description, schedule
from .description import Preparation
from .original import Original
from .refusal import Refusal


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("checkpoint", type=Path,
                        help="safetensors with the names of timm or of LV-ViT's authors")
    schedule.add_options(parser, takes_plan=True)
    parser.add_argument("--config", type=Path,
                        help="timm's config.json (default: the one beside the checkpoint)")


def check_options(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    if arguments.plan is not None and (
        arguments.strategy or arguments.similarity or arguments.layers or arguments.size_aware
        or arguments.multi_scale or arguments.config
    ):
        parser.error("--plan says the schedule and the model: no other option does with it")


@dataclass
class Opened:
    original: Original
    model: VisionTransformer
    preparation: Preparation
    reduction: Reduction


def opened(arguments: argparse.Namespace) -> Opened:
    """Of a command's arguments; what is assumed is a note on standard error."""
    original = Original.read(arguments.checkpoint)
    notes: list[str] = []
    if arguments.plan is not None:
        plan = schedule.read_plan(arguments.plan)
        config, preparation = description.of_plan(original, plan, arguments.plan)
        reduction = schedule.of_plan(plan, config, arguments.plan)
    else:
        beside = arguments.checkpoint.with_name("preprocessor_config.json")
        if beside.exists():
            raise Refusal(beside, "configuration", "none, or --plan, which has what it says", "one")
        beside = arguments.checkpoint.with_name("config.json")
        path = arguments.config or (beside if beside.exists() else None)
        config, preparation = description.of_configuration(original, path, notes)
        reduction = schedule.of_options(arguments, config)
        assert reduction is not None, "the options need a schedule"
    schedule.counted(reduction, config, arguments.plan or "--remove or --keep")
    model = original.model(config)
    if reduction.multi_scale and not hasattr(model, "multiscale"):
        raise Refusal(original.path, "multiscale.*", "weights for two scales", "none")
    if not config.classes:
        notes.append(f"{original.path}: no classes: features are compared by their cosine")
    for note in notes:
        print(f"{Path(sys.argv[0]).stem}: note: {note}", file=sys.stderr)
    return Opened(original, model, preparation, reduction)
