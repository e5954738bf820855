#!/usr/bin/env python3
"""Compares `vitrun preprocess` with timm or with transformers, image by image.

    python check_preprocess.py VITRUN PLAN FOLDER [--count 100] [--size H,W] [--crop-pct 0.9]
                               [--crop-mode center] [--interpolation bicubic]
                               [--mean R,G,B] [--std R,G,B]
    python check_preprocess.py VITRUN CHECKPOINT FOLDER --vitc VITC [--crop-pct 0.9,0.875,1]
                               [--crop-mode center,squash,border] ...
    python check_preprocess.py VITRUN PLAN FOLDER [--count 100] --processor FILE [--class NAME]

The options say what the plan's model asks for. Without --processor it is timm's evaluation transform,
whose defaults here are DeiT's; with it, the PIL backend of the image processor that FILE, a
preprocessor_config.json, describes. With --vitc there is a plan for each crop mode and share, which
VITC converts with these options. Takes images spread evenly over the folder. Prints for each plan the
largest difference and how many samples are another 8-bit value; exits with 1 where one exceeds 1e-6,
or where only one side refuses an image.
"""

from __future__ import annotations

import argparse
import itertools
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

TOLERANCE = 1e-6
CROP_MODES = ("center", "squash", "border")

# The tensor `[3, height, width]` of an image, and what one 8-bit step is in each channel.
Reference = tuple[Callable[[Image.Image], np.ndarray], np.ndarray]


def numbers(kind: type) -> Callable[[str], tuple]:
    return lambda text: tuple(kind(value) for value in text.split(","))


def timm_reference(options: argparse.Namespace, mode: str, share: float) -> Reference:
    import timm.data

    transform = timm.data.create_transform(
        (3, *options.size), is_training=False, crop_pct=share, crop_mode=mode,
        interpolation=options.interpolation, mean=options.mean, std=options.std)
    return lambda image: transform(image.convert("RGB")).numpy(), 1 / 255 / np.array(options.std)


def processor_reference(file: Path, class_name: str | None) -> Reference:
    from transformers import AutoImageProcessor

    keys = json.loads(file.read_text())
    if class_name is not None:
        keys["image_processor_type"] = class_name
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "preprocessor_config.json").write_text(json.dumps(keys))
        processor = AutoImageProcessor.from_pretrained(folder, backend="pil")
    print(type(processor).__name__)
    factor = processor.rescale_factor if processor.do_rescale else 1
    deviation = processor.image_std if processor.do_normalize else 1

    def run(image: Image.Image) -> np.ndarray:
        # Without do_convert_rgb the processor fails on anything but RGB.
        image = image if processor.do_convert_rgb else image.convert("RGB")
        return np.float32(processor(image, return_tensors="np")["pixel_values"][0])

    return run, factor / np.broadcast_to(np.array(deviation, np.float64), 3)


def converted(options: argparse.Namespace, mode: str, share: float, plan: Path) -> Path:
    """The plan of the checkpoint, with everything about preprocessing said."""
    words = lambda values: ",".join(map(str, values))
    subprocess.run(
        [options.vitc, "convert", options.plan, "-o", plan, "--crop-mode", mode, "--crop-pct",
         str(share), "--interpolation", options.interpolation, "--mean", words(options.mean),
         "--std", words(options.std), "--quiet"], check=True, stdout=subprocess.DEVNULL)
    return plan


def found_by_vitrun(vitrun: Path, plan: Path, image: Path, output: Path) -> np.ndarray | None:
    """The tensor that vitrun writes; None where it refuses the image."""
    run = subprocess.run([vitrun, "preprocess", plan, image, "-o", output], check=False)
    if run.returncode not in (0, 1):
        sys.exit(f"{image}: vitrun ended with {run.returncode}")
    return np.load(output)[0] if run.returncode == 0 else None


def is_equal(options: argparse.Namespace, plan: Path, reference: Reference, images: list[Path],
             title: str) -> bool:
    """Whether vitrun makes of the images what the reference makes; prints a line."""
    make, step = reference
    worst, wrong, refused, steps = 0.0, 0, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "tensor.npy"
        for path in images:
            found = found_by_vitrun(options.vitrun, plan, path, output)
            try:
                expected = make(Image.open(path))
            except ValueError:
                expected = None
            # vitrun also refuses what the reference would hand to a model of another size.
            if found is None and (expected is None or expected.shape[1:] != options.size):
                refused += 1
                continue
            difference = np.inf
            if found is not None and expected is not None and found.shape == expected.shape:
                apart = np.abs(found.astype(np.float64) - expected)
                difference = float(apart.max())
                steps += int((apart > step[:, None, None] / 2).sum())
            worst = max(worst, difference)
            if not difference <= TOLERANCE:
                wrong += 1
                print(f"{path}: {difference:.3g}")
    print(
        f"{title}{len(images)} images, {refused} refused by both, {wrong} differ, largest difference "
        f"{worst:.3g}, {steps} samples of another 8-bit value", flush=True)
    return wrong == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("vitrun", type=Path)
    parser.add_argument("plan", type=Path, help="with --vitc a checkpoint")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--size", type=numbers(int), default=(224, 224))
    parser.add_argument("--crop-pct", type=numbers(float), default=(0.9,))
    parser.add_argument("--crop-mode", type=numbers(str), default=("center",))
    parser.add_argument("--interpolation", default="bicubic")
    parser.add_argument("--mean", type=numbers(float), default=(0.485, 0.456, 0.406))
    parser.add_argument("--std", type=numbers(float), default=(0.229, 0.224, 0.225))
    parser.add_argument("--vitc", type=Path)
    parser.add_argument("--processor", type=Path)
    parser.add_argument("--class", dest="class_name")
    options = parser.parse_args()
    if len(options.size) == 1:
        options.size *= 2
    if unknown := set(options.crop_mode) - set(CROP_MODES):
        parser.error(f"--crop-mode: {', '.join(sorted(unknown))}: not of {', '.join(CROP_MODES)}")

    kinds = {".jpeg", ".jpg", ".png", ".webp"}
    images = sorted(path for path in options.folder.iterdir() if path.suffix.lower() in kinds)
    if not images:
        sys.exit(f"{options.folder}: no images")
    count = min(max(options.count, 1), len(images))
    images = [images[index * len(images) // count] for index in range(count)]

    if options.processor is not None:
        reference = processor_reference(options.processor, options.class_name)
        return 0 if is_equal(options, options.plan, reference, images, "") else 1
    ways = list(itertools.product(options.crop_mode, options.crop_pct))
    if options.vitc is None and len(ways) > 1:
        parser.error("several crop modes or shares need --vitc")
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for mode, share in ways:
            plan = options.plan if options.vitc is None else converted(
                options, mode, share, Path(folder) / "plan.bin")
            reference = timm_reference(options, mode, share)
            failed += not is_equal(options, plan, reference, images, f"{mode} {share}: ")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
