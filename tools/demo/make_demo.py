"""Writes the demo's checkpoint, configuration, labels and image into a folder.

The weights are random: they show that the commands work, not what a trained model can do.
Needs nothing but Python's standard library.
"""

import json
import math
import random
import struct
import sys
import zlib
from pathlib import Path

WIDTH, DEPTH, HEADS, PATCH, IMAGE, CLASSES = 64, 12, 4, 16, 224, 10


def shapes() -> dict[str, list[int]]:
    """Tensor names and shapes of a small DeiT, as timm names them."""
    tokens = (IMAGE // PATCH) ** 2 + 1
    result = {
        "cls_token": [1, 1, WIDTH],
        "pos_embed": [1, tokens, WIDTH],
        "patch_embed.proj.weight": [WIDTH, 3, PATCH, PATCH],
        "patch_embed.proj.bias": [WIDTH],
        "norm.weight": [WIDTH],
        "norm.bias": [WIDTH],
        "head.weight": [CLASSES, WIDTH],
        "head.bias": [CLASSES],
    }
    for block in range(DEPTH):
        for name, shape in {
            "norm1.weight": [WIDTH],
            "norm1.bias": [WIDTH],
            "attn.qkv.weight": [3 * WIDTH, WIDTH],
            "attn.qkv.bias": [3 * WIDTH],
            "attn.proj.weight": [WIDTH, WIDTH],
            "attn.proj.bias": [WIDTH],
            "norm2.weight": [WIDTH],
            "norm2.bias": [WIDTH],
            "mlp.fc1.weight": [4 * WIDTH, WIDTH],
            "mlp.fc1.bias": [4 * WIDTH],
            "mlp.fc2.weight": [WIDTH, 4 * WIDTH],
            "mlp.fc2.bias": [WIDTH],
        }.items():
            result[f"blocks.{block}.{name}"] = shape
    return result


def values(name: str, shape: list[int], source: random.Random) -> list[float]:
    """Values of the size that a trained model has."""
    count = math.prod(shape)
    if name.endswith("norm.weight") or ".norm" in name and name.endswith("weight"):
        return [1.0] * count
    spread = 1 / math.sqrt(math.prod(shape[1:])) if len(shape) > 1 else 0.02
    return [source.gauss(0, spread) for _ in range(count)]


def write_safetensors(path: Path) -> None:
    """One contiguous float16 tensor after the other, in order of names."""
    source = random.Random(2306)
    header, chunks, offset = {}, [], 0
    for name, shape in sorted(shapes().items()):
        data = struct.pack(f"<{math.prod(shape)}e", *values(name, shape, source))
        header[name] = {
            "dtype": "F16",
            "shape": shape,
            "data_offsets": [offset, offset + len(data)],
        }
        chunks.append(data)
        offset += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(chunks))


def write_png(path: Path, width: int, height: int) -> None:
    """A disc and a square on a graded background."""
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        for x in range(width):
            pixel = (60 + 120 * x // width, 90 + 100 * y // height, 160)
            if (x - 110) ** 2 + (y - 130) ** 2 < 70**2:
                pixel = (230, 170 - (x + y) % 32, 40)
            elif 190 <= x < 280 and 60 <= y < 150:
                pixel = (40, 60, 70) if (x // 10 + y // 10) % 2 else (210, 220, 230)
            rows += bytes(pixel)

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(bytes(rows)))
        + chunk(b"IEND", b"")
    )


def main() -> None:
    folder = Path(sys.argv[1])
    write_safetensors(folder / "model.safetensors")
    (folder / "config.json").write_text(
        json.dumps(
            {
                "architecture": "deit_tiny_patch16_224",
                "num_classes": CLASSES,
                "model_args": {"embed_dim": WIDTH, "depth": DEPTH, "num_heads": HEADS},
                "pretrained_cfg": {
                    "mean": [0.485, 0.456, 0.406],
                    "std": [0.229, 0.224, 0.225],
                    "crop_pct": 0.9,
                    "interpolation": "bicubic",
                },
            },
            indent=1,
        )
    )
    lines = [f"{index}\trandom{index}\trandom class {index}" for index in range(CLASSES)]
    (folder / "labels.txt").write_text("\n".join(lines) + "\n")
    write_png(folder / "image.png", 320, 260)


if __name__ == "__main__":
    main()
