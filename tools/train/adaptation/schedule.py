"""Which tokens are reduced where: of a rewritten plan, or of the options that `vitc rewrite` takes."""

from __future__ import annotations

import argparse
import struct
import sys
from pathlib import Path
from typing import Any

from vit_reference import Reduction, ViTConfig
from vit_reference.config import SIMILARITIES, STRATEGIES

from .refusal import Refusal

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import plan_dump  # noqa: E402


def add_options(parser: argparse.ArgumentParser, takes_plan: bool = False) -> None:
    """Named as those of `vitc rewrite`."""
    which = parser.add_mutually_exclusive_group(required=takes_plan)
    if takes_plan:
        which.add_argument("--plan", type=Path, help="a rewritten plan: its schedule, its facts")
    which.add_argument("--remove", help="tokens that blocks 1, 2, ... lose, e.g. 16,16,16,16")
    which.add_argument("--keep", help="share of patch tokens that is kept: one, or one for each layer")
    parser.add_argument("--layers", help="blocks from 1 that --keep means (default: the family's)")
    parser.add_argument("--strategy", choices=STRATEGIES, help="default: merge")
    parser.add_argument("--similarity", choices=SIMILARITIES, help="of merge (default: cosine)")
    parser.add_argument("--size-aware", action="store_true")
    parser.add_argument("--multi-scale", action="store_true")


def read_plan(path: Path) -> dict[str, Any]:
    try:
        return plan_dump.read_plan(path.read_bytes())
    except (plan_dump.PlanError, KeyError, UnicodeDecodeError, OSError, struct.error) as error:
        raise Refusal(path, "plan", "one that vitc wrote", error) from None


def of_plan(plan: dict[str, Any], config: ViTConfig, path: Path) -> Reduction:
    """The counts of a plan's stages; with two scales the keep rates of its recipe, which give the same."""
    programs = plan["programs"]["programs"]
    if len(programs) != 1:
        raise Refusal(path, "programs", "one", len(programs))
    program = programs[0]
    recipe, stages = program["recipe"], program["stages"]
    first = recipe["multi_scale_blocks"]
    if not stages and first is None:
        raise Refusal(path, "recipe", "a rewritten plan", "a dense one, in which no tokens are removed")
    if recipe["strategy"] not in STRATEGIES:
        raise Refusal(path, "recipe, strategy", " or ".join(STRATEGIES), recipe["strategy"])
    if _has_threshold(program["steps"]):
        raise Refusal(path, "stages", "as many tokens for each image", "a threshold")
    same = {"strategy": recipe["strategy"], "similarity": recipe["similarity"], "seed": recipe["seed"],
            "size_aware": recipe["size_aware"]}
    if first is None:
        removed = [0] * config.depth
        for stage in stages:
            removed[stage["block"]] = stage["patches_in"] - stage["patches_out"]
        reduction = _made(path, remove=tuple(removed), **same)
    else:
        layers = tuple(stage["block"] for stage in recipe["stages"])
        keep = tuple(
            struct.unpack("<d", struct.pack("<q", stage["keep_rate_bits"]))[0]
            for stage in recipe["stages"]
        )
        if layers[:1] != (first,):
            # Two scales end before a block in which all tokens are kept.
            layers, keep = (first, *layers), (1.0, *keep)
        reduction = _made(path, layers=layers, keep=keep, multi_scale=True, **same)
    counts = counted(reduction, config, path)
    for stage in stages:
        if counts[stage["block"]] != stage["patches_out"] or stage["patches_in"] == stage["patches_out"]:
            raise Refusal(path, f"block {stage['block'] + 1}", f"{counts[stage['block']]} tokens behind it, "
                          "fewer than before it", stage["patches_out"])
    return reduction


def _has_threshold(part: Any) -> bool:
    """Whether any step lets images keep different numbers of tokens."""
    if isinstance(part, dict):
        return part.get("threshold") is not None or any(map(_has_threshold, part.values()))
    return isinstance(part, list) and any(map(_has_threshold, part))


def of_options(arguments: argparse.Namespace, config: ViTConfig) -> Reduction | None:
    """Of --remove or --keep and what goes with them; of --multi-scale alone; None of nothing."""
    if arguments.remove is None and arguments.keep is None:
        if arguments.strategy or arguments.similarity or arguments.layers or arguments.size_aware:
            raise Refusal("--strategy, --similarity, --layers, --size-aware", "option", "--keep or --remove",
                          "neither")
        if not arguments.multi_scale:
            return None
        arguments = argparse.Namespace(**(vars(arguments) | {"keep": "1"}))
    strategy = arguments.strategy or "merge"
    if arguments.remove is not None:
        if arguments.layers is not None:
            raise Refusal("--layers", "option", "--keep", "--remove, which names every block")
        return _made("--remove", remove=_numbers("--remove", arguments.remove, int), strategy=strategy,
                     similarity=arguments.similarity or "cosine", size_aware=arguments.size_aware,
                     multi_scale=arguments.multi_scale)
    rates = _numbers("--keep", arguments.keep, float)
    layers = config.default_layers
    if arguments.layers is not None:
        layers = tuple(block - 1 for block in _numbers("--layers", arguments.layers, int))
    return _made("--keep", layers=layers, keep=rates * len(layers) if len(rates) == 1 else rates,
                 strategy=strategy, similarity=arguments.similarity or "cosine",
                 size_aware=arguments.size_aware, multi_scale=arguments.multi_scale)


def counted(reduction: Reduction, config: ViTConfig, where: object) -> list[int]:
    """Patch tokens behind each block; throws where the schedule does not fit or removes nothing."""
    try:
        counts = reduction.tokens_behind(config)
    except ValueError as error:
        raise Refusal(where, "schedule", "one that the model can run", error) from None
    if counts[-1] == config.grid**2 and not reduction.multi_scale:
        raise Refusal(where, "schedule", "one that removes tokens", "one that removes none")
    return counts


def _made(where: object, **options: Any) -> Reduction:
    try:
        return Reduction(**options)
    except ValueError as error:
        raise Refusal(where, "schedule", "one that can be", error) from None


def _numbers(option: str, text: str, kind: type) -> tuple[Any, ...]:
    try:
        return tuple(kind(word) for word in text.split(","))
    except ValueError:
        raise Refusal(option, "value", "numbers between commas", repr(text)) from None
