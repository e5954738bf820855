"""Preprocessing as timm and transformers do it, beside the record that a plan has for it.

Each case names the reference's own arguments and, independently, what the plan says; the test reads
the second (`cases.tsv`) and must come to what the first gives.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import timm.data
import transformers
from PIL import Image

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
HALVES = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
CLIP = ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))
GREY = ((0.449,), (0.226,))
NOTHING = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))

SIZES = ("size_", "one", "baseline", "cmyk", "grey16.")
ALPHAS = ("alpha_", "rgba", "greyalpha", "lossy_alpha", "lossless_alpha")
GREYS = ("grey", "palette", "rgb16", "filtered", "interlaced.png")
FEW = ("size_150", "size_7x")

Made = tuple[np.ndarray, np.ndarray] | None


@dataclass(kw_only=True)
class Case:
    """What a plan's record says; the subclasses say what the reference is given."""

    name: str
    size: tuple[int, int]
    files: tuple[str, ...] = SIZES
    resize: str
    to: tuple[int, int] = (0, 0)
    interpolation: str = "bicubic"
    crop: str
    fill: tuple[int, ...] = (0, 0, 0)
    alpha: str = "drop"
    rescale: float | None = None
    values: tuple[tuple[float, ...], tuple[float, ...]] = IMAGENET

    def row(self) -> dict[str, str]:
        """The record as words."""
        words = lambda values: ",".join(repr(value) for value in values)
        return {
            "case": self.name, "height": str(self.size[0]), "width": str(self.size[1]),
            "resize": self.resize, "resize_height": str(self.to[0]),
            "resize_width": str(self.to[1]), "interpolation": self.interpolation,
            "crop": self.crop, "fill": words(self.fill), "alpha": self.alpha,
            "rescale": "/255" if self.rescale is None else repr(self.rescale),
            "mean": words(self.values[0]), "std": words(self.values[1]),
        }

    def make(self, image: Image.Image) -> Made:
        """Pixels `[height, width, 3]` and tensor `[channels, height, width]`; None where it is refused. Grey pixels have
        three equal samples."""
        raise NotImplementedError


@dataclass(kw_only=True)
class Timm(Case):
    """timm's evaluation transform with these arguments."""

    given: dict[str, Any]
    crop: str = "torchvision"

    def make(self, image: Image.Image) -> Made:
        mean, std = self.values
        channels = len(mean)
        # As timm's scripts convert pictures for a model of one channel.
        image = image.convert("L" if channels == 1 else "RGB")
        common = dict(
            input_size=(channels, *self.size), interpolation=self.interpolation, mean=mean, std=std,
            **self.given)
        try:
            pixels = timm.data.create_transform(use_prefetcher=True, **common)(image)
        except ValueError:  # an extent rounds to 0
            return None
        shown = np.broadcast_to(pixels.numpy().transpose(1, 2, 0), (*pixels.shape[1:], 3))
        return shown, timm.data.create_transform(**common)(image).numpy()


@dataclass(kw_only=True)
class Transformers(Case):
    """An image processor of the PIL backend with these keys."""

    kind: str
    given: dict[str, Any]
    rescale: float | None = 1 / 255
    crop: str = "transformers"

    def make(self, image: Image.Image) -> Made:
        if self.alpha == "drop":
            image = image.convert("RGB")
        codes = {filter.name.lower(): filter.value for filter in Image.Resampling}
        keys = dict(
            self.given, resample=codes[self.interpolation],
            do_convert_rgb=self.alpha == "onWhite")
        if "image_mean" not in keys:
            keys |= dict(image_mean=list(self.values[0]), image_std=list(self.values[1]))
        make = getattr(transformers, f"{self.kind}ImageProcessorPil")
        run = lambda **more: make(**(keys | more))(image, return_tensors="np")["pixel_values"][0]
        pixels = run(do_rescale=False, do_normalize=False)
        if pixels.shape[1:] != self.size:
            return None
        return pixels.transpose(1, 2, 0), run().astype(np.float32)


def timm_cases() -> list[Case]:
    """Crop modes, shares above and below 1, filters."""
    cases: list[Case] = []

    def add(name: str, size: tuple[int, int], share: float, mode: str = "center", **more) -> None:
        to = tuple(math.floor(side / share) for side in size)
        resize = {"squash": "squash", "border": "fit"}.get(
            mode, "shortestEdge" if to[0] == to[1] else "cover")
        values = more.get("values", IMAGENET)
        more["fill"] = tuple(round(255 * mean) if mode == "border" else 0 for mean in values[0])
        cases.append(Timm(
            name=name, size=size, resize=resize, to=to,
            given={"crop_pct": share, "crop_mode": mode}, **more))

    add("timm_deit", (32, 32), 0.9)
    add("timm_bilinear", (56, 56), 0.875, interpolation="bilinear")
    add("timm_tall", (48, 32), 0.9)
    add("timm_wide", (33, 47), 1.0, interpolation="bilinear", values=HALVES)
    add("timm_padded", (47, 47), 1.15)
    add("timm_padded_tall", (46, 33), 1.15, values=CLIP)
    add("timm_squash", (32, 48), 0.9, "squash", interpolation="bilinear")
    add("timm_squash_whole", (33, 33), 1.0, "squash", values=HALVES)
    add("timm_squash_padded", (24, 31), 1.15, "squash", interpolation="lanczos")
    add("timm_border", (32, 32), 1.0, "border")
    add("timm_border_cut", (31, 48), 0.9, "border", interpolation="lanczos", values=CLIP)
    add("timm_border_padded", (33, 32), 1.15, "border", values=HALVES)
    for filter in ("nearest", "lanczos", "box", "hamming"):
        add(f"timm_{filter}", (40, 40), 0.875, interpolation=filter)
    grey = {"values": GREY, "files": SIZES + ALPHAS + GREYS}
    add("timm_grey", (32, 40), 0.9, **grey)
    add("timm_grey_border", (33, 32), 1.15, "border", interpolation="lanczos", **grey)
    return cases


def transformers_cases() -> list[Case]:
    """Classes, size keys, crops, filters, scalings and alpha."""
    both = lambda height, width: {"height": height, "width": width}
    cases: list[Case] = [
        Transformers(
            name="vit", kind="ViT", size=(32, 32), given={"size": both(32, 32)}, resize="squash",
            to=(32, 32), interpolation="bilinear", crop="none", values=HALVES,
            files=SIZES + ALPHAS),
        Transformers(
            name="deit", kind="DeiT", size=(32, 32), alpha="onWhite", files=SIZES + ALPHAS,
            given={"size": both(37, 37), "crop_size": both(32, 32)}, resize="squash", to=(37, 37)),
        Transformers(
            name="beit", kind="Beit", size=(32, 48), given={"size": both(32, 48)},
            resize="squash", to=(32, 48), crop="none", values=HALVES),
        Transformers(
            name="clip", kind="CLIP", size=(32, 32), alpha="onWhite", files=SIZES + ALPHAS,
            given={"size": {"shortest_edge": 32}, "crop_size": both(32, 32)},
            resize="shortestEdge", to=(32, 32), values=CLIP),
        Transformers(
            name="clip_padded", kind="CLIP", size=(33, 45),
            given={"size": {"shortest_edge": 30}, "crop_size": both(33, 45)},
            resize="shortestEdge", to=(30, 30), values=CLIP),
        Transformers(
            name="bit_cut", kind="Bit", size=(32, 32),
            given={"size": {"shortest_edge": 37}, "crop_size": both(32, 32)},
            resize="shortestEdge", to=(37, 37), interpolation="lanczos"),
        Transformers(
            name="only_cropped", kind="CLIP", size=(32, 33), files=SIZES + ("alpha_",),
            given={"do_resize": False, "crop_size": both(32, 33)}, resize="none"),
        Transformers(
            name="nothing", kind="ViT", size=(64, 64), given={"do_resize": False}, resize="none",
            crop="none"),
        Transformers(
            name="convnext", kind="ConvNext", size=(32, 32), resize="shortestEdge", to=(36, 36),
            given={"size": {"shortest_edge": 32}, "crop_pct": 0.875}),
        Transformers(
            name="convnext_384", kind="ConvNext", size=(384, 384), resize="squash", to=(384, 384),
            given={"size": {"shortest_edge": 384}}, crop="none", files=FEW[:1]),
    ]

    def add(name: str, **more) -> None:
        keys = {"size": both(29, 31)} | more.pop("given", {})
        cases.append(Transformers(
            name=name, kind="ViT", size=(29, 31), given=keys, resize="squash", to=(29, 31),
            crop="none", **more))

    for filter in Image.Resampling:
        if filter.name in ("NEAREST", "BOX", "BILINEAR", "HAMMING", "BICUBIC", "LANCZOS"):
            add(f"filter_{filter.name.lower()}", interpolation=filter.name.lower())
    levels = ((127.5, 100.0, 3.25), (127.5, 57.1, 255.0))
    add("not_rescaled", given={"do_rescale": False}, rescale=1.0, values=levels, files=FEW)
    add("not_normalised", given={"do_normalize": False}, values=NOTHING, files=FEW)
    add("as_stored", given={"do_rescale": False, "do_normalize": False}, rescale=1.0,
        values=NOTHING, files=FEW)
    add("rescaled_to_2", given={"rescale_factor": 1 / 127.5}, rescale=1 / 127.5, files=FEW,
        values=((1.0, 0.9, 0.8), (1.0, 0.7, 0.3)))
    return cases


CASES = timm_cases() + transformers_cases()
