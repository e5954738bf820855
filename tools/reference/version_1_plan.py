"""Writes Tests/Fixtures/plans/version_1.bin: a plan of the format's version 1, of the smallest model.

Usage: version_1_plan.py VITC, where VITC is that command of version 0.1, built from the last commit that says
so in Sources/CommandSupport/CommandLineTool.swift.

No later vitc writes version 1, so that make_fixtures.py cannot make this file; the same VITC gives the same bytes.
"""

import json
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

TARGET = Path(__file__).resolve().parents[2] / "Tests/Fixtures/plans/version_1.bin"
WIDTH, HIDDEN, PATCH, SIDE, CLASSES = 8, 16, 2, 4, 3


def shapes() -> dict[str, list[int]]:
    """A DeiT of one block on four patches, under timm's names."""
    block = "blocks.0"
    return {
        "cls_token": [1, 1, WIDTH],
        "pos_embed": [1, (SIDE // PATCH) ** 2 + 1, WIDTH],
        "patch_embed.proj.weight": [WIDTH, 3, PATCH, PATCH],
        "patch_embed.proj.bias": [WIDTH],
        f"{block}.norm1.weight": [WIDTH],
        f"{block}.norm1.bias": [WIDTH],
        f"{block}.attn.qkv.weight": [3 * WIDTH, WIDTH],
        f"{block}.attn.qkv.bias": [3 * WIDTH],
        f"{block}.attn.proj.weight": [WIDTH, WIDTH],
        f"{block}.attn.proj.bias": [WIDTH],
        f"{block}.norm2.weight": [WIDTH],
        f"{block}.norm2.bias": [WIDTH],
        f"{block}.mlp.fc1.weight": [HIDDEN, WIDTH],
        f"{block}.mlp.fc1.bias": [HIDDEN],
        f"{block}.mlp.fc2.weight": [WIDTH, HIDDEN],
        f"{block}.mlp.fc2.bias": [WIDTH],
        "norm.weight": [WIDTH],
        "norm.bias": [WIDTH],
        "head.weight": [CLASSES, WIDTH],
        "head.bias": [CLASSES],
    }


def write_checkpoint(path: Path) -> None:
    """safetensors with values that count up from 0 in steps of 1/64."""
    header, data = {}, b""
    for name, shape in shapes().items():
        count = 1
        for extent in shape:
            count *= extent
        values = struct.pack(f"<{count}f", *(index / 64 for index in range(count)))
        header[name] = {"dtype": "F32", "shape": shape,
                        "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)


def main() -> None:
    command = Path(sys.argv[1]).resolve()
    config = {
        "architecture": "deit_tiny_patch16_224", "num_classes": CLASSES,
        "model_args": {"embed_dim": WIDTH, "depth": 1, "num_heads": 2, "img_size": SIDE},
        "pretrained_cfg": {"mean": [0.5, 0.25, 0.125], "std": [1, 2, 4], "crop_pct": 0.875,
                           "interpolation": "bilinear"},
    }
    TARGET.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        write_checkpoint(Path(folder) / "model.safetensors")
        (Path(folder) / "config.json").write_text(json.dumps(config))
        # Names in the plan are the paths as they are given.
        subprocess.run([command, "convert", "model.safetensors", "-o", "plan.bin", "--quiet"],
                       cwd=folder, check=True)
        TARGET.write_bytes((Path(folder) / "plan.bin").read_bytes())
    print(f"{TARGET}: {TARGET.stat().st_size} bytes")


if __name__ == "__main__":
    main()
