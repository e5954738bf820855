#!/usr/bin/env python3
"""Features of texts for `vitrun --text-features`, by the text tower of a CLIP or SigLIP.

    python text_features.py FOLDER LABELS -o TEXT.npy [--template 'a photo of a {}.']

FOLDER is one that transformers loads, with its tokenizer: the one that `vitc convert` reads the image tower from. LABELS
has a class a line, or `index<TAB>identifier<TAB>name`. Several --template give the mean of their features, each
divided by its length, as CLIP's authors do.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from transformers import AutoModel, AutoTokenizer


def names(path: Path) -> list[str]:
    """The classes' names, in their order."""
    return [line.split("\t")[-1] for line in path.read_text().splitlines() if line.strip()]


@torch.no_grad()
def features(model: torch.nn.Module, ids: dict[str, torch.Tensor]) -> torch.Tensor:
    """Of texts, [n, width], each of length 1."""
    found = model.get_text_features(**ids)
    # Versions of transformers differ in what they give.
    found = found if torch.is_tensor(found) else found.pooler_output
    return found / found.norm(dim=1, keepdim=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("labels", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--template", action="append", help="'a photo of a {}.' unless given")
    arguments = parser.parse_args()
    model = AutoModel.from_pretrained(arguments.folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(arguments.folder)
    # SigLIP was trained on texts of full length.
    padding = "max_length" if "siglip" in model.config.model_type else True
    rows = []
    for name in names(arguments.labels):
        texts = [template.format(name) for template in arguments.template or ["a photo of a {}."]]
        ids = tokenizer(texts, padding=padding, truncation=True, return_tensors="pt")
        rows.append(features(model, dict(ids)).mean(dim=0))
    np.save(arguments.output, torch.stack(rows).float().numpy())


if __name__ == "__main__":
    main()
