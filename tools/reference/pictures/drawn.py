"""What pictures show, and how their samples are packed."""

import io

import numpy as np
from PIL import Image


def pattern(width: int, height: int, seed: int = 0) -> np.ndarray:
    """Waves, edges and a little noise: `[height, width, 3]`, 8-bit."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    random = np.random.default_rng(seed)
    planes = [
        127 + 120 * np.sin(x / 5.0 + seed) * np.cos(y / 7.0),
        255 * x / max(width - 1, 1),
        np.where((x // 6 + y // 4) % 2 == 0, 230, 20),
    ]
    noisy = np.stack(planes, -1) + random.normal(0, 4, (height, width, 3))
    return np.clip(noisy, 0, 255).astype(np.uint8)


def picture(width: int, height: int, seed: int = 0) -> Image.Image:
    return Image.fromarray(pattern(width, height, seed))


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def packed(values: np.ndarray, depth: int) -> list[bytes]:
    """Lines of one sample a pixel, `depth` bits each."""
    lines = []
    for row in values:
        bits = "".join(format(int(v), f"0{depth}b") for v in row)
        bits += "0" * (-len(bits) % 8)
        lines.append(bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8)))
    return lines
