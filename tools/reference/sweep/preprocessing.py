"""What `vitrun preprocess` makes of pictures, against transformers' PIL backend and timm."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import timm
import timm.data
import torch
from PIL import Image
from timm.models import save_for_hf
from timm.models._hub import _parse_model_cfg

from .hugging_face import build
from .jobs import Job
from .preprocessing_cases import REMOVED, SIDE, TIMM, TRANSFORMERS
from .run import Pictures
from .timm_models import MODULES, create

SUITE = "preprocessing"
RELEASED = "timm-released"
Reference = Callable[[Path], np.ndarray]
# Width, height, mode.
_SIZES = ((320, 240, "RGB"), (233, 351, "RGB"), (19, 11, "RGB"), (227, 225, "RGB"),
          (SIDE, SIDE, "RGB"), (640, 97, "RGB"), (97, 120, "L"), (301, 260, "RGBA"))


def jobs() -> list[Job]:
    found = [
        Job(((SUITE, name),), partial(_transformers_samples, name, *case))
        for name, case in TRANSFORMERS.items()
    ]
    return found + [
        Job(((SUITE, name),), partial(_timm_samples, SUITE, name, arguments, changes))
        for name, (arguments, changes) in TIMM.items()
    ]


def released_jobs() -> list[Job]:
    """One job for each way in which a released weight of timm prepares its pictures."""
    keys = ("input_size", "crop_pct", "crop_mode", "interpolation", "mean", "std")
    seen: dict[str, tuple[str, dict[str, Any]]] = {}
    names = [name for module in MODULES
             for name in timm.list_models(module=module, pretrained=True)]
    for name in names:
        config = timm.get_pretrained_cfg(name).to_dict()
        changes = {key: config[key] for key in keys if config.get(key) is not None}
        seen.setdefault(json.dumps(changes), (name, changes))
    found = []
    for name, changes in seen.values():
        size = tuple(changes.get("input_size", (3, 224, 224)))[1:]
        patch = next(side for side in (16, 14, 32, 10, 7, 5, 1) if all(n % side == 0 for n in size))
        arguments = {"img_size": size, "patch_size": patch}
        found.append(Job(((RELEASED, name),), partial(
            _timm_samples, RELEASED, name, arguments, changes)))
    return found


def draw(folder: Path) -> list[Path]:
    """Pictures with smooth and sharp parts; one is grey, one has transparent parts."""
    random = np.random.default_rng(3)
    paths = []
    for width, height, mode in _SIZES:
        rows, columns = np.mgrid[:height, :width]
        checks = 255 * ((rows // 7 + columns // 9) % 2)
        channels = [(rows * 3 + columns * 2) % 256, (columns * 5) % 256,
                    random.integers(0, 256, (height, width)), checks]
        pixels = np.stack(channels[: len(mode)], axis=-1).astype(np.uint8)
        path = folder / f"{mode}-{width}x{height}.png"
        Image.fromarray(pixels.squeeze()).save(path)
        paths.append(path)
    return paths


def _pictures(folder: Path, reference: Reference) -> list[tuple[Path, np.ndarray | None]]:
    """Pictures with their tensors; none where the reference fails on a picture."""
    found: list[tuple[Path, np.ndarray | None]] = []
    first: Exception | None = None
    for path in draw(folder):
        try:
            tensor = reference(path)
            found.append((path, tensor if tensor.shape[0] == 3 else None))
        except Exception as error:
            first = first or error
            found.append((path, None))
    if first and not any(tensor is not None for _, tensor in found):
        raise first
    return found


def pictures_of(folder: Path, hub: Path) -> list[tuple[Path, np.ndarray | None]]:
    """Pictures in one folder, as the preprocessor in another prepares them."""
    from transformers import AutoImageProcessor

    reader = AutoImageProcessor.from_pretrained(hub, backend="pil")

    def reference(path: Path) -> np.ndarray:
        picture = Image.open(path)
        if picture.mode == "L":
            picture = picture.convert("RGB")
        return np.asarray(reader(images=picture, return_tensors="np")["pixel_values"][0])

    return _pictures(folder, reference)


def _transformers_samples(
    name: str, processor: dict[str, Any], values: dict[str, Any], folder: Path
) -> Iterator[Pictures]:
    side = values.get("image_size", SIDE)
    small = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2,
             "intermediate_size": 32, "image_size": side, "patch_size": 16, "num_labels": 3}
    model = build("ViTForImageClassification", "ViTConfig", small | values)
    source = folder / "model"
    model.save_pretrained(source)
    (source / "preprocessor_config.json").write_text(json.dumps(processor, indent=2))

    yield Pictures(SUITE, name, source, partial(pictures_of, folder, source), (side, side))


def _timm_samples(
    suite: str, name: str, arguments: dict[str, Any], changes: dict[str, Any], folder: Path
) -> Iterator[Pictures]:
    logging.disable(logging.WARNING)
    values = {"img_size": SIDE, "num_classes": 3} | arguments
    model = create("vit_tiny_patch16_224", **values)
    source = folder / "model"
    save_for_hf(model, source, safe_serialization=True)
    path = source / "config.json"
    config = json.loads(path.read_text())
    prepared = json.loads(json.dumps({
        key: value for key, value in (config["pretrained_cfg"] | changes).items()
        if value is not REMOVED}))
    path.write_text(json.dumps(config | {"pretrained_cfg": prepared}, indent=2))
    side = values["img_size"]
    size = (side, side) if isinstance(side, int) else tuple(side)

    def pictures() -> list[tuple[Path, np.ndarray | None]]:
        # Arguments of the model stand in for what an older export says.
        read, _, _ = _parse_model_cfg(json.loads(path.read_text()), {})
        transform = timm.data.create_transform(
            **timm.data.resolve_data_config({}, pretrained_cfg=read))

        def reference(path: Path) -> np.ndarray:
            torch.manual_seed(0)
            return transform(Image.open(path).convert("RGB")).numpy()

        return _pictures(folder, reference)

    yield Pictures(suite, name, source, pictures, size)
