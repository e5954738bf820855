#!/usr/bin/env python3
"""Counts right answers of a checkpoint on the generated test images.

    python evaluate.py CHECKPOINT [--data shapes] [--config config.json]
                       [--keep 0.5 ...] [--images 1000] [--folder DIR]

With --folder, images named `<class id>_<n>.png` (see write_images.py) are read instead: the very
files that `vitrun eval` measures.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import torch
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "reference"))

import data  # noqa: E402
from adaptation import Refusal, schedule  # noqa: E402
from vit_reference import Reduction, VisionTransformer  # noqa: E402
from vit_reference.checkpoint import load_model  # noqa: E402


@torch.no_grad()
def count_correct(
    model: VisionTransformer,
    images: data.Images,
    plan: Reduction | None,
    device: str = "cpu",
    limit: int | None = None,
) -> tuple[int, int]:
    """Right answers and images seen."""
    model.eval()
    correct = seen = 0
    for batch, labels in images.in_order(50 if device == "cpu" else 250):
        logits = model(data.normalise(batch.to(device)), plan)
        correct += int((logits.argmax(dim=1) == labels.to(device)).sum())
        seen += len(labels)
        if limit is not None and seen >= limit:
            break
    return correct, seen


def read_folder(source: ModuleType, folder: Path) -> data.Images:
    """Images named `<class id>_<n>.png`."""
    paths = sorted(folder.glob("*_*.png"))
    pixels = np.stack([np.asarray(Image.open(path)).transpose(2, 0, 1) for path in paths])
    labels = np.array([source.CLASS_IDS.index(path.name.split("_")[0]) for path in paths])
    return data.Images(pixels, labels, None, mirrors=True)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--config", type=Path)
    parser.add_argument("--data", choices=sorted(data.GENERATED), default="shapes")
    schedule.add_options(parser)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--cache", type=Path, default=Path("out/images"))
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    config = arguments.config or arguments.checkpoint.with_name("config.json")
    model = load_model(arguments.checkpoint, config)
    try:
        plan = schedule.of_options(arguments, model.config)
    except Refusal as refusal:
        print(f"evaluate: {refusal}", file=sys.stderr)
        return 1
    if arguments.folder is not None:
        images = read_folder(data.GENERATED[arguments.data], arguments.folder)
    else:
        images = data.generated(
            data.GENERATED[arguments.data], "test", arguments.images, arguments.cache
        )
    correct, seen = count_correct(model, images, plan)
    print(json.dumps({"correct_top1": correct, "images": seen, "top1": correct / seen}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
