"""Writes a random float16 checkpoint of a published architecture, with multi-scale weights.

Usage: random_checkpoint.py ARCHITECTURE OUT.safetensors [--multi-scale] [--image-size PIXELS]

Names are timm's and TokenLabeling's. Needs nothing but Python's standard library.
"""

import argparse
import json
import math
import random
import struct
from dataclasses import dataclass
from pathlib import Path



@dataclass(frozen=True)
class Architecture:
    """What shapes depend on. `ratio` is the FFN's; a stem is LV-ViT's; without classes there is no head; CLIP has a
    norm before the blocks, and patches without bias."""

    width: int
    depth: int = 12
    ratio: int = 4
    has_stem: bool = False
    patch: int = 16
    classes: int = 1000
    has_layer_scale: bool = False
    is_clip: bool = False


ARCHITECTURES = {
    "deit_tiny_patch16_224": Architecture(192),
    "deit_small_patch16_224": Architecture(384),
    "deit_base_patch16_224": Architecture(768),
    "lvvit_s": Architecture(384, depth=16, ratio=3, has_stem=True),
    "vit_small_patch14_dinov2": Architecture(384, patch=14, classes=0, has_layer_scale=True),
    "vit_base_patch32_clip_quickgelu_224": Architecture(768, patch=32, classes=0, is_clip=True),
}
STEM = 64


def shapes(name: str, multi_scale: bool, image_size: int) -> dict[str, list[int]]:
    """Tensor names and shapes."""
    model = ARCHITECTURES[name]
    width, ratio = model.width, model.ratio
    patches = (image_size // model.patch) ** 2
    result = {
        "cls_token": [1, 1, width],
        "pos_embed": [1, patches + 1, width],
        "norm.weight": [width],
        "norm.bias": [width],
    }
    if model.classes:
        result |= {"head.weight": [model.classes, width], "head.bias": [model.classes]}
    if model.is_clip:
        result |= {"norm_pre.weight": [width], "norm_pre.bias": [width]}
    else:
        result["patch_embed.proj.bias"] = [width]
    if model.has_stem:
        result["patch_embed.conv1.weight"] = [STEM, 3, 7, 7]
        result["patch_embed.conv2.weight"] = [STEM, STEM, 3, 3]
        result["patch_embed.conv3.weight"] = [STEM, STEM, 3, 3]
        result["patch_embed.proj.weight"] = [width, STEM, model.patch // 2, model.patch // 2]
        result["aux_head.weight"] = [model.classes, width]
        result["aux_head.bias"] = [model.classes]
        for norm in (1, 2, 3):
            for part in ("weight", "bias", "running_mean", "running_var"):
                result[f"patch_embed.bn{norm}.{part}"] = [STEM]
    else:
        result["patch_embed.proj.weight"] = [width, 3, model.patch, model.patch]
    for block in range(model.depth):
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
        if not model.has_stem:
            parts["attn.qkv.bias"] = [3 * width]
        if model.has_layer_scale:
            parts |= {"ls1.gamma": [width], "ls2.gamma": [width]}
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
