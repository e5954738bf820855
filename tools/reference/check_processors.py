#!/usr/bin/env python3
"""Labels pictures with a checkpoint in Hugging Face folders, and compares with transformers.

    python check_processors.py CHECKPOINT FOLDER [--count N] [--vitc VITC] [--vitrun VITRUN]

CHECKPOINT is a ViT or DeiT (one class token, classes) in safetensors with timm's names. It is saved as
transformers' ViT beside each of several image processors; vitc must convert every folder without a
note. The expected labels are the torch model's, of what the processor's PIL backend makes of a picture.
Prints a row a processor: the pictures, how many have the same first label, and the largest difference
of that label's probability; then each picture whose label differs, with the gap between the reference's
two largest logits. Exits with 1 where more than one picture of a processor differs, or at a note.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers
from PIL import Image
from safetensors.torch import load_file
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn
from variants.models import Sizes, hugging_face

REPOSITORY = Path(__file__).resolve().parents[2]
TOLERANCE = 1e-5
DIFFERING = 1
BATCH = 32
KINDS = {".jpeg", ".jpg", ".png", ".webp"}


def processors(side: int) -> dict[str, Any]:
    """Image processors for a model of that side; for 224 the first two and the last are as their
    classes' defaults."""
    larger = round(side * 8 / 7)
    whole, before = {"height": side, "width": side}, {"height": larger, "width": larger}
    return {
        "ViT": transformers.ViTImageProcessor(size=whole),
        "DeiT": transformers.DeiTImageProcessor(size=before, crop_size=whole),
        "CLIP": transformers.CLIPImageProcessor(size={"shortest_edge": larger}, crop_size=whole),
        "ConvNeXT": transformers.ConvNextImageProcessor(size={"shortest_edge": side}),
        "BEiT": transformers.BeitImageProcessor(size=whole),
    }


@torch.no_grad()
def as_hugging_face(checkpoint: Path) -> tuple[nn.Module, int]:
    """The checkpoint as transformers' ViT, and its side; its logits must be timm's."""
    state = load_file(checkpoint)
    width, _, patch, _ = state["patch_embed.proj.weight"].shape
    sizes = Sizes(
        image=patch * round((state["pos_embed"].shape[1] - 1) ** 0.5), patch=patch, width=width,
        depth=len({name.split(".")[1] for name in state if name.startswith("blocks.")}),
        heads=width // 64, classes=len(state["head.bias"]), stem=0)
    theirs = VisionTransformer(**sizes.arguments)
    theirs.load_state_dict(state)
    theirs.eval()
    twin = hugging_face(theirs, sizes)
    generator = torch.Generator().manual_seed(0)
    pictures = torch.randn(4, 3, sizes.image, sizes.image, generator=generator)
    difference = (twin(pictures).logits - theirs(pictures)).abs().max().item()
    print(f"transformers' ViT and timm's: largest difference of a logit {difference:.1e}\n")
    if not difference <= TOLERANCE:
        sys.exit(f"more than {TOLERANCE}")
    return twin, sizes.image


def convert(vitc: Path, folder: Path, plan: Path) -> list[str]:
    """Writes the plan; returns vitc's notes."""
    run = subprocess.run(
        [vitc, "convert", folder, "-o", plan], check=False, capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(f"vitc ended with {run.returncode}: {run.stderr.strip()}")
    return [line for line in run.stderr.splitlines() if "note:" in line]


@dataclass(frozen=True)
class Label:
    """The first label; the gap to the second logit is the reference's alone."""

    index: int
    probability: float
    gap: float = 0


def labels_of_vitrun(vitrun: Path, plan: Path, sources: list[Path]) -> dict[str, Label]:
    """By path; a picture that vitrun refuses has none."""
    run = subprocess.run(
        [vitrun, plan, *sources, "--json", "--top", "1"], check=False, stdout=subprocess.PIPE)
    if run.returncode not in (0, 1):
        sys.exit(f"vitrun ended with {run.returncode}")
    rows = [json.loads(line) for line in run.stdout.splitlines()]
    return {
        row["image"]: Label(row["top"][0]["class"], row["top"][0]["probability"])
        for row in rows if row.get("top")
    }


@torch.no_grad()
def labels_of_transformers(folder: Path, paths: list[Path]) -> dict[str, Label]:
    """By path, from the folder alone."""
    processor = transformers.AutoImageProcessor.from_pretrained(folder, backend="pil")
    model = transformers.ViTForImageClassification.from_pretrained(folder).eval()

    def prepared(path: Path) -> Tensor:
        # A processor that does not convert to RGB fails on a grey picture.
        picture = Image.open(path).convert("RGB")
        return processor(picture, return_tensors="pt")["pixel_values"][0]

    found = {}
    for start in range(0, len(paths), BATCH):
        part = paths[start : start + BATCH]
        logits = model(torch.stack([prepared(path) for path in part])).logits
        values, classes = logits.topk(2)
        first = logits.softmax(dim=1).amax(dim=1)
        for index, path in enumerate(part):
            found[str(path)] = Label(
                int(classes[index, 0]), float(first[index]),
                float(values[index, 0] - values[index, 1]))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, help="pictures, spread over the folder; default all")
    parser.add_argument("--vitc", type=Path, default=REPOSITORY / ".build/release/vitc")
    parser.add_argument("--vitrun", type=Path, default=REPOSITORY / ".build/release/vitrun")
    options = parser.parse_args()
    transformers.utils.logging.disable_progress_bar()

    paths = sorted(path for path in options.folder.iterdir() if path.suffix.lower() in KINDS)
    if not paths:
        sys.exit(f"{options.folder}: no pictures")
    sources = [options.folder]
    if options.count is not None:
        count = min(max(options.count, 1), len(paths))
        paths = sources = [paths[index * len(paths) // count] for index in range(count)]

    model, side = as_hugging_face(options.checkpoint)
    failed = False
    details: list[str] = []
    print("| processor | notes | pictures | same label | largest difference of its probability |")
    print("|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as name:
        for kind, processor in processors(side).items():
            folder, plan = Path(name) / kind, Path(name) / f"{kind}.bin"
            model.save_pretrained(folder)
            processor.save_pretrained(folder)
            notes = convert(options.vitc, folder, plan)
            found = labels_of_vitrun(options.vitrun, plan, sources)
            expected = labels_of_transformers(folder, paths)
            apart = 0.0
            differing = []
            for path, wanted in expected.items():
                label = found.get(path)
                if label is not None and label.index == wanted.index:
                    apart = max(apart, abs(label.probability - wanted.probability))
                    continue
                got = "refused" if label is None else label.index
                differing.append(
                    f"{kind}: {path}: {got}, not {wanted.index}; the two largest logits are "
                    f"{wanted.gap:.2g} apart")
            failed |= bool(notes) or len(differing) > DIFFERING
            details += [f"{kind}: {note}" for note in notes] + differing
            print(
                f"| {kind} | {len(notes)} | {len(expected)} | {len(expected) - len(differing)} | "
                f"{apart:.1e} |", flush=True)
    if details:
        print("", *details, sep="\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
