#!/usr/bin/env python3
"""Checks `pth_to_safetensors.py` with checkpoints as the training scripts of other papers save them.

    python check_pickles.py

methods: the weights of `model` and not of its average, and options of training that make the same model.
untouched: nothing is said where the options tell nothing. refusals: one line, and no file. Prints a line a
case; the exit code is 1 if one fails.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pth_to_safetensors  # noqa: E402
from vit_reference import ViTConfig, VisionTransformer  # noqa: E402
from vit_reference.methods import METHODS  # noqa: E402

CONFIG = ViTConfig(image_size=32, patch_size=8, embed_dim=16, depth=5, heads=2, classes=10)
EVIT = {"base_keep_rate": 0.7, "drop_loc": "(1, 3)", "fuse_token": True}
PPT = {"r_tokens": 4, "pp_loc_list": [1, 3], "threshold": 7e-5, "prop_attn": True}
BLOCKS = [1, 3]

Case = tuple[str, bool, str]


def convert(folder: Path, saved: Any) -> tuple[int, str, Path]:
    """Exit code, what is said, and the file."""
    path, output = folder / "model.pth", folder / "model.safetensors"
    output.unlink(missing_ok=True)
    path.write_bytes(saved) if isinstance(saved, bytes) else torch.save(saved, path)
    with contextlib.redirect_stdout(io.StringIO()) as said:
        try:
            pth_to_safetensors.main([str(path), "-o", str(output)])
        except SystemExit as end:
            return 1, f"{end}\n", output
    return 0, said.getvalue(), output


def checkpoint(model: VisionTransformer, options: Any) -> dict[str, Any]:
    state = model.state_dict()
    average = {name: value + 1 for name, value in state.items()}
    return {"model_ema": average, "model": state, "optimizer": {"state": {}}, "epoch": 29, "args": options}


def reduction(path: Path) -> dict[str, Any] | None:
    with safe_open(path, "pt") as file:
        metadata = file.metadata() or {}
    return json.loads(metadata["token_reduction"]) if "token_reduction" in metadata else None


@torch.no_grad()
def methods(folder: Path) -> Iterator[Case]:
    images = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    for name, settings, options in (
        ("evit", {"blocks": BLOCKS, "keep_rate": 0.7, "fuse": True}, EVIT),
        ("dynamicvit", {"keep_rate": 0.6}, {"base_rate": 0.6}),
        ("avit", {"gate_scale": 10.0, "gate_center": 30.0}, {"gate_scale": 10, "gate_center": 30.0}),
        ("ppt", {"blocks": BLOCKS, "remove": 4, "threshold": 7e-5, "size_aware": True}, PPT),
    ):
        rest = {} if "blocks" in settings or name == "avit" else {"blocks": BLOCKS}
        torch.manual_seed(0)
        model = METHODS[name](CONFIG, **settings, **rest).eval()
        for kind in (argparse.Namespace, dict):
            code, said, path = convert(folder, checkpoint(model, kind(**options, lr=5e-4, data_set="IMNET")))
            found = reduction(path) if code == 0 else None
            same = found == {"method": name} | settings
            if same:
                found.pop("method")
                copy = METHODS[name](CONFIG, **found, **rest).eval()
                copy.load_state_dict(load_file(path))
                same = torch.equal(copy(images), model(images))
            yield f"{name}, {kind.__name__}", same, said.strip()


def untouched(folder: Path) -> Iterator[Case]:
    plain = VisionTransformer(CONFIG)
    for name, model, options in (
        ("DeiT", plain, {"lr": 5e-4}),
        ("no options", plain, {}),
        ("AS-ViT, whose rate is not read", METHODS["asvit"](CONFIG, BLOCKS), {"base_rate": 0.7}),
        ("SP-ViT", METHODS["spvit"](CONFIG, BLOCKS), {"base_rate": 0.7}),
        ("DynamicViT without a rate", METHODS["dynamicvit"](CONFIG, BLOCKS, 0.7), {"lr": 5e-4}),
    ):
        code, said, path = convert(folder, checkpoint(model, argparse.Namespace(**options)))
        yield name, code == 0 and reduction(path) is None, said.strip()


class Command:
    """Runs a command where a reader executes what a pickle asks for."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (self.command,)


def refusals(folder: Path) -> Iterator[Case]:
    plain, dynamic = VisionTransformer(CONFIG), METHODS["dynamicvit"](CONFIG, BLOCKS, 0.7)
    for title, model, options, expected in (
        ("a rate above 1", plain, EVIT | {"base_keep_rate": 1.5}, "args.base_keep_rate: expected a rate"),
        ("no rate", plain, EVIT | {"base_keep_rate": None}, "args.base_keep_rate: expected a number"),
        ("a rate that is no number", dynamic, {"base_rate": float("nan")}, "args.base_rate: expected a number"),
        ("no blocks", plain, EVIT | {"drop_loc": "()"}, "args.drop_loc: expected blocks"),
        ("blocks that fall", plain, EVIT | {"drop_loc": "(3, 1)"}, "args.drop_loc: expected ascending blocks"),
        ("blocks that are code", plain, EVIT | {"drop_loc": "exit()"}, "args.drop_loc: expected blocks"),
        ("a switch that is none", plain, EVIT | {"fuse_token": "yes"}, "args.fuse_token: expected True"),
        ("a gate without a center", plain, {"gate_scale": 10}, "args.gate_center: expected a number"),
        ("tokens that are no number", plain, PPT | {"r_tokens": -1}, "args.r_tokens: expected a number of"),
        ("a path among the options", plain, {"output": folder}, "found pathlib."),
        ("code", plain, {"run": Command(f"touch {folder / 'ran'}")}, "found posix.system"),
    ):
        code, said, path = convert(folder, checkpoint(model, argparse.Namespace(**options)))
        ok = code == 1 and expected in said and said.count("\n") == 1 and not path.exists()
        yield title, ok and not (folder / "ran").exists(), said.strip()
    for title, content in (("no bytes", b""), ("text", b"hello"), ("half of an archive", b"PK\3\4" + bytes(96))):
        code, said, path = convert(folder, content)
        yield title, code == 1 and "expected a pickle" in said and not path.exists(), said.strip()


def main() -> int:
    torch.set_num_threads(1)
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for check in (methods, untouched, refusals):
            for title, passed, note in check(Path(folder)):
                note = note.replace(folder + "/", "")
                print(f"{'PASS' if passed else 'FAIL'} {check.__name__}: {title}: {note}", flush=True)
                results.append(passed)
    print(f"{sum(results)} of {len(results)} cases pass")
    return 0 if results and all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
