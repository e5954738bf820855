"""Exports a trained timm checkpoint to ONNX by both of PyTorch's exporters, converts all three files,
rewrites them to keep 0.7 and evaluates the plans on labelled pictures. Prints a Markdown table.

    python tools/reference/check_exports.py CHECKPOINT.safetensors PICTURES --labels LABELS.txt

A plan from an export must label as many pictures right as the checkpoint's own, give or take one.
Needs requirements-variants.txt beside this file.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import timm
from safetensors.torch import load_file
from variants import onnx_files
from variants.models import Sizes

REPOSITORY = Path(__file__).resolve().parents[2]
EXPORTS = {
    "TorchScript, opset 17": {"opset": 17},
    "dynamo, opset 18": {"opset": 18, "dynamo": True},
}


def export_all(checkpoint: Path, architecture: str, folder: Path) -> dict[str, Path]:
    """The checkpoint and its exports."""
    state = load_file(checkpoint)
    model = timm.create_model(architecture, num_classes=len(state["head.bias"]))
    model.load_state_dict(state)
    model.eval()
    sizes = Sizes(
        image=model.patch_embed.img_size[0], patch=model.patch_embed.patch_size[0],
        width=model.embed_dim, depth=len(model.blocks), heads=model.blocks[0].attn.num_heads,
        classes=model.num_classes, stem=0)
    written = {"safetensors, timm": checkpoint}
    for index, (name, options) in enumerate(EXPORTS.items()):
        written[name] = onnx_files.export(model, folder / f"{index}.onnx", sizes, **options)
    return written


def evaluated(tools: Path, plan: Path, pictures: Path, labels: Path) -> tuple[int, int, int]:
    """Pictures right at the first guess, right in the first five, and in all."""
    command = [tools / "vitrun", "eval", plan, pictures, "--labels", labels, "--json"]
    found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return found["correct_top1"], found["correct_top5"], found["images"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", type=Path, help="safetensors with timm's names")
    parser.add_argument("pictures", type=Path, help="a folder as vitrun eval reads it")
    parser.add_argument("--labels", type=Path, required=True, help="lines index, wnid, name")
    parser.add_argument("--architecture", default="deit_tiny_patch16_224", help="timm's name")
    parser.add_argument("--keep", default="0.7", help="the rewritten plans' keep rate")
    parser.add_argument("--expect", help="TOP1,TOP5 of the dense plan, give or take one")
    parser.add_argument("--tools", type=Path, default=REPOSITORY / ".build/release",
                        help="where vitc and vitrun are")
    arguments = parser.parse_args()
    vitc = arguments.tools / "vitc"
    dense = tuple(map(int, arguments.expect.split(","))) if arguments.expect else None
    expected = {"dense": dense, f"keep {arguments.keep}": None}
    failures = 0
    print("| written as | plan | top-1 | top-5 | pictures |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sources = export_all(arguments.checkpoint, arguments.architecture, folder)
        for source, path in sources.items():
            plans = dict(zip(expected, (folder / "dense.bin", folder / "kept.bin"), strict=True))
            whole, kept = plans.values()
            subprocess.run([vitc, "convert", path, "-o", whole, "--quiet"], check=True)
            subprocess.run([vitc, "rewrite", whole, "-o", kept, "--keep", arguments.keep],
                           check=True, capture_output=True)
            for kind, plan in plans.items():
                *right, count = evaluated(
                    arguments.tools, plan, arguments.pictures, arguments.labels)
                wanted = expected[kind] = expected[kind] or tuple(right)
                good = all(abs(a - b) <= 1 for a, b in zip(right, wanted, strict=True))
                failures += not good
                mark = "" if good else f" (**expected {wanted}**)"
                print(f"| {source} | {kind} | {right[0]} | {right[1]} | {count}{mark} |", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
