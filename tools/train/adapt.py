#!/usr/bin/env python3
"""Adapts a checkpoint to a schedule of token reduction, on images without labels.

    python adapt.py CHECKPOINT --images DIR (--plan PLAN | --remove N,N,... | --keep R[,R...])
                    -o ADAPTED.safetensors

The dense model teaches the pruned one, which starts with the same weights: the divergence of their
probabilities (without classes, the cosine of their features) is lowered on random crops and flips. A
fifth of the images is held back; on several views of each, divergence and agreement are printed before
and after. What is best by held-back divergence, a state or a mean of one and the original, is written
with the names and types of the checkpoint, so that `vitc convert` reads it as it reads the original. If
nothing is better than the original, nothing is written and the exit code is 1.

What the model is and how it sees an image comes from --plan, or from a timm `config.json` beside the
checkpoint, or is assumed where published models agree. With --state, the same command goes on where it
was stopped. On a CPU the same command gives the same file.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path

import torch

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "reference"))

from adaptation import Refusal, opening  # noqa: E402
from adaptation.distillation import Distillation, Options  # noqa: E402
from adaptation.images import FEWEST, Unlabelled, found_in  # noqa: E402


def parse(words: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    opening.add_options(parser)
    add("--images", type=Path, required=True, help="a folder of JPEG, PNG or WebP files; no labels")
    add("-o", "--output", type=Path, required=True, help="the adapted checkpoint, safetensors")
    add("--count", type=int, default=500, help="images to use at most (default: 500)")
    add("--steps", type=int, default=150)
    add("--batch", type=int, default=16)
    add("--lr", type=float, default=3e-5, help="the highest learning rate")
    add("--seed", type=int, default=0)
    # Rarely: the best of many measurements on few images is the luckiest.
    add("--check-every", type=int, default=50, help="steps between measurements on held-back images")
    add("--state", type=Path, help="kept while it runs, removed at the end")
    add("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    add("--threads", type=int, default=0, help="0: as many as PyTorch takes")
    arguments = parser.parse_args(words)
    for option in ("count", "steps", "batch", "check_every", "lr"):
        if not getattr(arguments, option) > 0:
            parser.error(f"--{option.replace('_', '-')}: expected more than 0")
    if arguments.count < FEWEST:
        parser.error(f"--count: expected at least {FEWEST}")
    if arguments.device.startswith("cuda") and not torch.cuda.is_available():
        parser.error("--device: there is no GPU")
    if arguments.seed < 0 or arguments.threads < 0:
        parser.error("--seed and --threads: expected no less than 0")
    opening.check_options(parser, arguments)
    return arguments


def check_output(arguments: argparse.Namespace) -> list[Path]:
    """Throws unless the result can be written and is read as the original is; the configurations that must
    be copied beside it."""
    output, checkpoint = arguments.output, arguments.checkpoint
    if not output.parent.is_dir():
        raise Refusal(output, "output", "a place in a folder that exists", "none")
    state = arguments.state
    inputs = [checkpoint, arguments.plan, *found_in(arguments.images, 0)]
    for place in (output, state):
        if place is None or not place.exists():
            continue
        if not place.is_file() or any(path is not None and place.samefile(path) for path in inputs):
            raise Refusal(place, "output", "a file that is no input", "an input, or no file")
    if state is not None and output.resolve() == state.resolve():
        raise Refusal(state, "state", "another file than the output", "the output")
    copied = []
    for name in ("config.json", "preprocessor_config.json"):
        beside, there = checkpoint.with_name(name), output.with_name(name)
        if beside.exists() and not there.exists():
            copied.append(beside)
        elif there.exists() and (not beside.exists() or there.read_bytes() != beside.read_bytes()):
            raise Refusal(there, "output", "what lies beside the checkpoint", "something else")
    return copied


def fingerprint(arguments: argparse.Namespace, parts: list[object]) -> str:
    """Of everything that the steps depend on."""
    whole = hashlib.sha256(arguments.checkpoint.read_bytes())
    whole.update(repr([arguments.steps, arguments.batch, arguments.lr, arguments.seed,
                       arguments.check_every, *parts]).encode())
    return whole.hexdigest()


def adapt(arguments: argparse.Namespace) -> int:
    opened = opening.opened(arguments)
    copied = check_output(arguments)
    images = Unlabelled.read(arguments.images, opened.preparation, arguments.count, arguments.seed)
    options = Options(
        arguments.steps, arguments.batch, arguments.lr, arguments.seed, arguments.check_every
    )
    distillation = Distillation(
        opened.original, opened.model, opened.reduction, images, options, arguments.device
    )
    held_back = len(images.held_back) // images.views
    print(f"held back: {held_back} of {len(images.names)} images, {images.views} views of each")
    print(f"before: {distillation.before}", flush=True)
    everything = [opened.model.config, opened.preparation, opened.reduction, images.names]
    distillation.run(arguments.state, fingerprint(arguments, everything))
    if distillation.best is not None:
        opened.original.write(distillation.best, arguments.output, copied)
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
