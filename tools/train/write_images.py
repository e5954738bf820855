#!/usr/bin/env python3
"""Writes generated test images for `vitrun eval`, and the labels that belong to them.

    python write_images.py FOLDER [--data shapes] [--count 1000] [--start 0] [--labels labels.txt]

Images are PNG files of 224 x 224, named `<class id>_<n>.png`. A labels file has lines
`index<TAB>class id<TAB>name`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

from PIL import Image

import data
import drawing


def write(source: ModuleType, folder: Path, split: str, indices: Iterable[int]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for index in indices:
        image = source.render(split, index)
        name = f"{source.CLASS_IDS[image.label]}_{index:05}.png"
        Image.fromarray(image.pixels).save(folder / name)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--split", choices=sorted(drawing.SPLIT_SEEDS), default="test")
    parser.add_argument("--labels", type=Path)
    parser.add_argument("--data", choices=sorted(data.GENERATED), default="shapes")
    arguments = parser.parse_args()
    source = data.GENERATED[arguments.data]
    indices = range(arguments.start, arguments.start + arguments.count)
    write(source, arguments.folder, arguments.split, indices)
    if arguments.labels is not None:
        rows = zip(source.CLASS_IDS, source.CLASS_NAMES, strict=True)
        arguments.labels.write_text(
            "".join(f"{index}\t{name}\t{words}\n" for index, (name, words) in enumerate(rows))
        )


if __name__ == "__main__":
    main()
