"""What timm's and transformers' own objects do with an image, in the words of a plan's facts."""

from __future__ import annotations

import json
import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import timm.data
from PIL import Image
from timm.data.loader import adapt_to_chs

Size = tuple[int, int]
Description = dict[str, Any]
_FILTERS = ("nearest", "lanczos", "bilinear", "bicubic", "box", "hamming")
# What timm's scripts convert pictures to.
_MODES = {1: "L", 3: "RGB"}
_IMAGES = ((37, 22), (9, 31), (16, 16), (40, 40), (15, 17), (50, 24))


def _description(**values: Any) -> Description:
    unsaid = {"resize": "none", "resize_height": 0, "resize_width": 0, "crop": "none",
              "fill": [0, 0, 0], "alpha": "drop", "rescale": "divideBy255", "rescale_factor": None}
    return unsaid | values


def of_timm(
    pretrained: dict[str, Any], size: Size, channels: int = 3, **arguments: Any
) -> Description:
    """timm's evaluation transform for a `pretrained_cfg`, of images of so many channels."""
    config = timm.data.resolve_data_config(
        {"input_size": (channels, *size)} | arguments, pretrained_cfg=pretrained)
    config |= {key: adapt_to_chs(config[key], channels) for key in ("mean", "std")}
    whole = timm.data.create_transform(**config)
    resize, crop, tensor, norm = whole.transforms
    described = _description(
        interpolation=resize.interpolation.value, crop="torchvision", fill=[0] * channels,
        mean=[float(value) for value in norm.mean], std=[float(value) for value in norm.std])
    assert tuple(crop.size) == size and type(tensor).__name__ == "MaybeToTensor"
    if type(resize).__name__ == "ResizeKeepRatio":
        described["resize"] = {0.0: "cover", 1.0: "fit"}[resize.longest]
        described["resize_height"], described["resize_width"] = resize.size
    elif isinstance(resize.size, int):
        described |= {"resize": "shortestEdge", "resize_height": resize.size,
                      "resize_width": resize.size}
    else:
        described["resize"] = "squash"
        described["resize_height"], described["resize_width"] = resize.size
    if type(crop).__name__ == "CenterCropOrPad":
        described["fill"] = list(crop.fill)
    else:
        assert type(crop).__name__ == "CenterCrop"
    # timm has no pictures of other numbers.
    if channels in _MODES:
        _check(described, size, lambda image: whole(image).numpy(), _MODES[channels])
    return described


def of_open_clip(config: dict[str, Any], size: Size) -> Description:
    """open_clip's evaluation transform for a `preprocess_cfg`."""
    from open_clip.transform import PreprocessCfg, image_transform_v2

    side = size[0] if size[0] == size[1] else size
    whole = image_transform_v2(PreprocessCfg(**(config | {"size": side})), is_train=False)
    resize, norm = whole.transforms[0], whole.transforms[-1]
    described = _description(
        interpolation=resize.interpolation.value, crop="torchvision",
        mean=[float(value) for value in norm.mean], std=[float(value) for value in norm.std])
    if isinstance(resize.size, int):
        described |= {"resize": "shortestEdge", "resize_height": resize.size,
                      "resize_width": resize.size}
    else:
        described["resize"] = "cover" if type(resize).__name__ == "ResizeKeepRatio" else "squash"
        described["resize_height"], described["resize_width"] = resize.size
    _check(described, size, lambda image: whole(image).numpy())
    return described


def of_torchvision(size: int) -> Description:
    """The transform of torchvision's ViT-B/16 weights, at another size in the same proportion."""
    from torchvision.models import ViT_B_16_Weights

    whole = ViT_B_16_Weights.IMAGENET1K_V1.transforms()
    resized = whole.resize_size[0] * size // whole.crop_size[0]
    whole.resize_size, whole.crop_size = [resized], [size]
    described = _description(
        resize="shortestEdge", resize_height=resized, resize_width=resized, crop="torchvision",
        interpolation=whole.interpolation.value, mean=list(whole.mean), std=list(whole.std))
    _check(described, (size, size), lambda image: whole(image).numpy())
    return described


def of_transformers(
    config: dict[str, Any], preprocessor: dict[str, Any], size: Size, scale: float = 1
) -> Description:
    """transformers' PIL processor for a folder of these files; `scale` is the size that was asked for
    over the file's."""
    from transformers import AutoImageProcessor

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "config.json").write_text(json.dumps(config))
        (Path(folder) / "preprocessor_config.json").write_text(json.dumps(preprocessor))
        processor = AutoImageProcessor.from_pretrained(folder, backend="pil")
    assert type(processor).__name__.endswith("Pil")
    described = _description(
        interpolation=_FILTERS[int(processor.resample)],
        alpha="onWhite" if processor.do_convert_rgb else "drop", rescale="multiply",
        rescale_factor=processor.rescale_factor if processor.do_rescale else 1.0,
        mean=_triple(processor.image_mean) if processor.do_normalize else [0.0] * 3,
        std=_triple(processor.image_std) if processor.do_normalize else [1.0] * 3)
    if processor.do_resize:
        described |= _resize(processor)
    if processor.do_center_crop:
        described["crop"] = "transformers"
    # At the file's own scale, the processor itself shows whether the words are right.
    if scale == 1:
        _check(described, size, lambda image: np.asarray(
            processor(images=image, return_tensors="np")["pixel_values"][0]))
    for key in ("resize_height", "resize_width"):
        described[key] = int(described[key] * scale)
    return described


def _resize(processor: Any) -> Description:
    edge = processor.size.shortest_edge
    if edge is None:
        return {"resize": "squash", "resize_height": processor.size.height,
                "resize_width": processor.size.width}
    if (share := getattr(processor, "crop_pct", None)) is not None:
        if edge >= 384:
            return {"resize": "squash", "resize_height": edge, "resize_width": edge}
        edge = int(edge / share)
        return {"resize": "shortestEdge", "resize_height": edge, "resize_width": edge,
                "crop": "transformers"}
    return {"resize": "shortestEdge", "resize_height": edge, "resize_width": edge}


def _triple(values: Any) -> list[float]:
    return [float(value) for value in np.broadcast_to(np.array(values, np.float64), 3)]


# How a plan's facts are carried out, to see that a description says all that the library does.


def _check(
    described: Description, size: Size, reference: Any, mode: str = "RGB"
) -> None:
    random = np.random.default_rng(1)
    for width, height in _IMAGES:
        image = Image.fromarray(random.integers(0, 256, (height, width, 3), np.uint8))
        image = image.convert(mode)
        if described["crop"] == "none" and described["resize"] != "squash":
            image = image.resize(size[::-1])
        found, wanted = _prepared(described, size, image), reference(image)
        assert found.shape == wanted.shape, (described, found.shape, wanted.shape)
        assert np.abs(found - wanted).max() < 1e-6 * max(1, np.abs(wanted).max()), described


def _prepared(described: Description, size: Size, image: Image.Image) -> np.ndarray:
    (height, width), aim = image.size[::-1], (described["resize_height"], described["resize_width"])
    ratios = [n / a for n, a in zip((height, width), aim, strict=True)] if all(aim) else [1.0]
    short, long = min(height, width), max(height, width)
    resized = {
        "none": (height, width), "squash": aim,
        "shortestEdge": tuple(
            aim[0] if n == short else int(aim[0] * long / short) for n in (height, width)),
        "cover": tuple(round(n / min(ratios)) for n in (height, width)),
        "fit": tuple(round(n / max(ratios)) for n in (height, width)),
    }[described["resize"]]
    if described["resize"] != "none":
        image = image.resize(
            resized[::-1], Image.Resampling(_FILTERS.index(described["interpolation"])))
    pixels = np.asarray(image).reshape(*image.size[::-1], -1)
    for axis, aim_here in enumerate(size):
        if described["crop"] != "none":
            pixels = _cropped(pixels, axis, aim_here, described)
    if described["rescale"] == "multiply":
        values = np.float32(np.float64(pixels) * described["rescale_factor"])
    else:
        values = np.float32(pixels) / np.float32(255)
    mean, std = np.float32(described["mean"]), np.float32(described["std"])
    return ((values - mean) / std).transpose(2, 0, 1)


def _cropped(pixels: np.ndarray, axis: int, aim: int, described: Description) -> np.ndarray:
    count, is_timm = pixels.shape[axis], described["crop"] == "torchvision"
    if count >= aim:
        start = round((count - aim) / 2) if is_timm else (count - aim) // 2
        return pixels.take(range(start, start + aim), axis)
    front = (aim - count) // 2 if is_timm else math.ceil((aim - count) / 2)
    shape = [aim if a == axis else n for a, n in enumerate(pixels.shape)]
    result = np.empty(shape, np.uint8)
    result[:] = described["fill"]
    place = [slice(None)] * 3
    place[axis] = slice(front, front + count)
    result[tuple(place)] = pixels
    return result
