#!/usr/bin/env python3
"""Adapts a checkpoint to a schedule of token reduction, on images without labels.

    python adapt.py CHECKPOINT --images DIR (--plan PLAN | --remove N,N,... | --keep R[,R...])
                    -o ADAPTED.safetensors

The dense model teaches the pruned one, which starts with the same weights: the divergence of their
probabilities (without classes, the cosine of their features) is lowered on random crops and flips. A
fifth of the images is held back; on it divergence and agreement are printed before and after. The best
state by held-back divergence is written, with the names and types of the checkpoint, so that
`vitc convert` reads it as it reads the original. If no state is better than the original, nothing is
written and the exit code is 1.

What the model is and how it sees an image comes from --plan, or from a timm `config.json` beside the
checkpoint, or is assumed where published models agree. With --state, the same command goes on where it
was stopped. On a CPU the same command gives the same file.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import sys
from pathlib import Path

import torch

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "reference"))

from adaptation import Refusal  # noqa: E402
from adaptation import description, schedule  # noqa: E402
from adaptation.distillation import Distillation, Options  # noqa: E402
from adaptation.images import Unlabelled  # noqa: E402
from adaptation.original import Original  # noqa: E402


def parse(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("checkpoint", type=Path, help="safetensors with the names of timm or of LV-ViT's authors")
    add("--images", type=Path, required=True, help="a folder of JPEG, PNG or WebP files; no labels")
    add("-o", "--output", type=Path, required=True, help="the adapted checkpoint, safetensors")
    schedule.add_options(parser, takes_plan=True)
    add("--config", type=Path, help="timm's config.json (default: the one beside the checkpoint)")
    add("--count", type=int, default=500, help="images to use at most (default: 500)")
    add("--steps", type=int, default=150)
    add("--batch", type=int, default=16)
    add("--lr", type=float, default=3e-5, help="the highest learning rate")
    add("--seed", type=int, default=0)
    add("--check-every", type=int, default=25, help="steps between measurements on held-back images")
    add("--state", type=Path, help="kept while it runs, removed at the end")
    add("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    add("--threads", type=int, default=0, help="0: as many as PyTorch takes")
    arguments = parser.parse_args(words)
    for option in ("count", "steps", "batch", "check_every", "lr"):
        if not getattr(arguments, option) > 0:
            parser.error(f"--{option.replace('_', '-')}: expected more than 0")
    if arguments.seed < 0 or arguments.threads < 0:
        parser.error("--seed and --threads: expected no less than 0")
    if arguments.plan is not None and (
        arguments.strategy or arguments.similarity or arguments.layers or arguments.size_aware
        or arguments.multi_scale or arguments.config
    ):
        parser.error("--plan says the schedule and the model: no other option does with it")
    return arguments


def configuration_of(arguments: argparse.Namespace) -> Path | None:
    """The `config.json` that is meant."""
    if arguments.config is not None:
        return arguments.config
    beside = arguments.checkpoint.with_name("config.json")
    return beside if beside.exists() else None


def check_output(arguments: argparse.Namespace) -> Path | None:
    """Throws unless the result can be written and read as the original is; the configuration that must be
    copied beside it, if one must."""
    output: Path = arguments.output
    if not output.parent.is_dir():
        raise Refusal(output, "output", "a place in a folder that exists", "none")
    if output.exists() and not output.is_file():
        raise Refusal(output, "output", "a file", "something else")
    if output.exists() and output.samefile(arguments.checkpoint):
        raise Refusal(output, "output", "another file than the checkpoint", "the same")
    beside, there = arguments.checkpoint.with_name("config.json"), output.with_name("config.json")
    if not beside.exists():
        if there.exists():
            raise Refusal(there, "output", "no config.json, as the checkpoint has none", "one")
        return None
    if not there.exists():
        return beside
    if there.read_bytes() != beside.read_bytes():
        raise Refusal(there, "output", f"the same as {beside}", "another")
    return None


def fingerprint(arguments: argparse.Namespace, parts: list[object]) -> str:
    """Of everything that the steps depend on."""
    whole = hashlib.sha256(arguments.checkpoint.read_bytes())
    whole.update(repr([arguments.steps, arguments.batch, arguments.lr, arguments.seed,
                       arguments.check_every, *parts]).encode())
    return whole.hexdigest()


def adapt(arguments: argparse.Namespace) -> int:
    original = Original.read(arguments.checkpoint)
    copied = check_output(arguments)
    notes: list[str] = []
    if arguments.plan is not None:
        plan = schedule.read_plan(arguments.plan)
        config, preparation = description.of_plan(original, plan, arguments.plan)
        reduction = schedule.of_plan(plan, config, arguments.plan)
    else:
        config, preparation = description.of_configuration(
            original, configuration_of(arguments), notes
        )
        reduction = schedule.of_options(arguments, config)
    schedule.counted(reduction, config, arguments.plan or "--remove or --keep")
    model = original.model(config)
    if reduction.multi_scale and not hasattr(model, "multiscale"):
        raise Refusal(original.path, "multiscale.*", "weights for two scales", "none")
    if not config.classes:
        notes.append(f"{original.path}: no classes: features are compared by their cosine")
    for note in notes:
        print(f"adapt: note: {note}", file=sys.stderr)
    images = Unlabelled.read(arguments.images, preparation, arguments.count, arguments.seed)
    options = Options(
        arguments.steps, arguments.batch, arguments.lr, arguments.seed, arguments.check_every
    )
    distillation = Distillation(original, model, reduction, images, options, arguments.device)
    print(f"held back: {len(images.held_back)} of {len(images.names)} images")
    print(f"before: {distillation.before}", flush=True)
    distillation.run(
        arguments.state, fingerprint(arguments, [config, preparation, reduction, images.names])
    )
    if distillation.best is not None:
        original.write(distillation.best, arguments.output)
        if copied is not None:
            shutil.copyfile(copied, arguments.output.with_name("config.json"))
    if arguments.state is not None:
        arguments.state.unlink(missing_ok=True)
    if distillation.best is None:
        print("after: no better; nothing was written")
        return 1
    print(f"after: {distillation.after} (step {distillation.after_step})")
    return 0


def main(words: list[str] | None = None) -> int:
    arguments = parse(words)
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    try:
        return adapt(arguments)
    except Refusal as refusal:
        print(f"adapt: {refusal}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
