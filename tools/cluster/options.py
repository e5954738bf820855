"""What the commands of all engines take."""

from __future__ import annotations

import argparse
from typing import Tuple


def parser(description: str) -> argparse.ArgumentParser:
    """The arguments that all engines have."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("plan", help="the plan")
    parser.add_argument("images", help="a folder of images, or Parquet with --columns")
    parser.add_argument("output", help="a new folder for the Parquet of the rows; _SUCCESS in it says that all are there")
    parser.add_argument(
        "--columns", type=columns, metavar="IMAGE,CONTENT",
        help="IMAGES is Parquet with these columns: what an image is called, and the bytes of its file. A column of a "
        "structure is named with a dot")
    parser.add_argument("--top", type=at_least_one, default=5, help="how many classes a row names (5)")
    parser.add_argument("--batch", type=at_least_one, default=16, help="images that run at once (16)")
    parser.add_argument("--threads", type=at_least_one, default=1, help="threads of a worker (1)")
    return parser


def columns(text: str) -> Tuple[str, str]:
    """Two names with a comma between them."""
    names = text.split(",")
    if len(names) != 2 or not all(names) or names[0] == names[1]:
        raise argparse.ArgumentTypeError(f"expected two names, IMAGE,CONTENT, found {text!r}")
    return names[0], names[1]


def at_least_one(text: str) -> int:
    """A whole number from 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, found {text!r}")
    return int(text)


def summary(images: int, failed: int, seconds: float) -> str:
    """The last line of a run."""
    return f"{images} images, {failed} of them with an error, in {seconds:.1f} s: {images / seconds:.1f} images/s"
