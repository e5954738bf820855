"""Writes a random float16 checkpoint of a published architecture, with multi-scale weights.

Usage: random_checkpoint.py ARCHITECTURE OUT.safetensors [--multi-scale] [--image-size PIXELS]

Names are timm's and TokenLabeling's. Needs nothing but Python's standard library.
"""

import argparse
import json
import math
import random
import struct
from pathlib import Path

# Width, depth, FFN ratio, whether the stem is LV-ViT's.
ARCHITECTURES = {
    "deit_tiny_patch16_224": (192, 12, 4, False),
    "deit_small_patch16_224": (384, 12, 4, False),
    "deit_base_patch16_224": (768, 12, 4, False),
    "lvvit_s": (384, 16, 3, True),
}
CLASSES, PATCH, STEM = 1000, 16, 64


def shapes(name: str, multi_scale: bool, image_size: int) -> dict[str, list[int]]:
    """Tensor names and shapes."""
    patches = (image_size // PATCH) ** 2
    width, depth, ratio, is_lvvit = ARCHITECTURES[name]
    result = {
        "cls_token": [1, 1, width],
        "pos_embed": [1, patches + 1, width],
        "patch_embed.proj.bias": [width],
        "norm.weight": [width],
        "norm.bias": [width],
        "head.weight": [CLASSES, width],
        "head.bias": [CLASSES],
    }
    if is_lvvit:
        result["patch_embed.conv1.weight"] = [STEM, 3, 7, 7]
        result["patch_embed.conv2.weight"] = [STEM, STEM, 3, 3]
        result["patch_embed.conv3.weight"] = [STEM, STEM, 3, 3]
        result["patch_embed.proj.weight"] = [width, STEM, PATCH // 2, PATCH // 2]
        result["aux_head.weight"] = [CLASSES, width]
        result["aux_head.bias"] = [CLASSES]
        for norm in (1, 2, 3):
            for part in ("weight", "bias", "running_mean", "running_var"):
                result[f"patch_embed.bn{norm}.{part}"] = [STEM]
    else:
        result["patch_embed.proj.weight"] = [width, 3, PATCH, PATCH]
    for block in range(depth):
        parts = {
            "norm1.weight": [width],
            "norm1.bias": [width],
            "attn.qkv.weight": [3 * width, width],
            "attn.proj.weight": [width, width],
            "attn.proj.bias": [width],
            "norm2.weight": [width],
            "norm2.bias": [width],
            "mlp.fc1.weight": [ratio * width, width],
            "mlp.fc1.bias": [ratio * width],
            "mlp.fc2.weight": [width, ratio * width],
            "mlp.fc2.bias": [width],
        }
        if not is_lvvit:
            parts["attn.qkv.bias"] = [3 * width]
        result |= {f"blocks.{block}.{part}": shape for part, shape in parts.items()}
    if multi_scale:
        result |= {
            "multiscale.cls_token": [1, 1, width],
            "multiscale.pos_embed": [1, 1 + patches // 4, width],
            "multiscale.lka.conv0.weight": [width, 1, 5, 5],
            "multiscale.lka.conv0.bias": [width],
            "multiscale.lka.conv_spatial.weight": [width, 1, 7, 7],
            "multiscale.lka.conv_spatial.bias": [width],
            "multiscale.lka.conv1.weight": [width, width, 1, 1],
            "multiscale.lka.conv1.bias": [width],
            "multiscale.peg.weight": [width, 1, 3, 3],
            "multiscale.peg.bias": [width],
        }
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("architecture", choices=ARCHITECTURES)
    parser.add_argument("output", type=Path)
    parser.add_argument("--multi-scale", action="store_true")
    parser.add_argument("--image-size", type=int, default=224)
    arguments = parser.parse_args()
    source = random.Random(arguments.architecture)
    normal = [source.gauss(0, 1) for _ in range(16381)]
    tables: dict[float, bytes] = {}
    header, chunks, offset = {}, [], 0
    for name, shape in sorted(shapes(arguments.architecture, arguments.multi_scale, arguments.image_size).items()):
        count = math.prod(shape)
        is_scale = len(shape) == 1 and ("norm" in name or "bn" in name)
        if is_scale and name.endswith(("weight", "running_var")):
            data = struct.pack("<e", 1.0) * count
        else:
            spread = 1 / math.sqrt(math.prod(shape[1:])) if len(shape) > 1 else 0.02
            if spread not in tables:
                tables[spread] = struct.pack(f"<{len(normal)}e", *(x * spread for x in normal))
            table = tables[spread]
            start = 2 * source.randrange(len(normal))
            repeated = table[start:] + table * (2 * count // len(table) + 1)
            data = repeated[: 2 * count]
        header[name] = {
            "dtype": "F16",
            "shape": shape,
            "data_offsets": [offset, offset + len(data)],
        }
        chunks.append(data)
        offset += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    arguments.output.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(chunks))


if __name__ == "__main__":
    main()
