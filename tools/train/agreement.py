#!/usr/bin/env python3
"""How a checkpoint under a schedule agrees with a dense one, in PyTorch.

    python agreement.py CHECKPOINT --images DIR (--plan PLAN | --remove N,N,... | --keep R[,R...])
                        [--dense ORIGINAL]

Of every image of DIR, what CHECKPOINT says with fewer tokens is compared with what ORIGINAL (CHECKPOINT
itself, unless it is given) says with all of them: `vitrun eval --against` measures the same of plans.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "reference"))

from adaptation import Refusal, opening  # noqa: E402
from adaptation.images import decoded, found_in  # noqa: E402
from adaptation.measure import BATCH, measured, outputs  # noqa: E402
from adaptation.original import Original  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    opening.add_options(parser)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--dense", type=Path, help="another checkpoint of the same model")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    arguments = parser.parse_args()
    opening.check_options(parser, arguments)
    try:
        opened = opening.opened(arguments)
        pruned = opened.model.to(arguments.device)
        dense = pruned
        if arguments.dense is not None:
            dense = Original.read(arguments.dense).model(pruned.config).to(arguments.device)
        paths = found_in(arguments.images)
        found, expected = [], []
        for start in range(0, len(paths), BATCH):
            images = torch.stack([
                opened.preparation.whole(decoded(path)) for path in paths[start : start + BATCH]
            ])
            found.append(outputs(pruned, images, opened.reduction, arguments.device))
            expected.append(outputs(dense, images, None, arguments.device))
    except Refusal as refusal:
        print(f"agreement: {refusal}", file=sys.stderr)
        return 1
    measure = measured(torch.cat(found), torch.cat(expected), pruned.config.classes > 0)
    print(f"{len(paths)} images: {measure}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
