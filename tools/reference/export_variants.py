"""Writes one random model in every way that people write ViTs, converts each file with vitc, runs it
with vitrun and compares the logits with PyTorch's. Prints a Markdown table.

    python tools/reference/export_variants.py                  # a micro model, seconds
    python tools/reference/export_variants.py --size small     # DeiT-S and its relatives
    python tools/reference/export_variants.py --fixtures Tests/Fixtures/variants

Needs requirements-variants.txt beside this file.
"""

from __future__ import annotations

import argparse
import json
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from variants import files, onnx_files
from variants.models import (
    ACTIVATIONS,
    MICRO,
    REFUSED_ACTIVATIONS,
    SMALL,
    Sizes,
    build,
    hugging_face,
)

REPOSITORY = Path(__file__).resolve().parents[2]
# Facts name the source; labels come from a configuration.
SECTIONS_OF_THE_SOURCE = (2, 3)
HEADER_BYTES, ENTRY_BYTES = 64, 32


@dataclass(frozen=True)
class Variant:
    """One way to write a model. `write` gets an empty folder and returns what vitc is given."""

    name: str
    family: str
    write: Callable[[nn.Module, Path], Path]

    # Bits of the weights survive, so the plan must be the same but for its facts.
    is_exact: bool = True
    is_half: bool = False
    needs_config: bool = False
    fixture: str | None = None


def sections(plan: Path) -> dict[int, bytes]:
    """The sections of a plan by kind, without facts and labels."""
    data = plan.read_bytes()
    (count,) = struct.unpack_from("<I", data, 24)
    found = {}
    for index in range(count):
        kind, _, offset, size = struct.unpack_from("<IIQQ", data, HEADER_BYTES + index * ENTRY_BYTES)
        if kind not in SECTIONS_OF_THE_SOURCE:
            found[kind] = data[offset : offset + size]
    return found


def variants(sizes: Sizes) -> list[Variant]:
    ts, dynamo = _onnx(sizes, False), _onnx(sizes, True)
    weights = [
        Variant("safetensors, timm", "deit", files.safetensors, needs_config=True),
        Variant("safetensors, f16", "deit", files.half_safetensors, False, True, True),
        Variant("safetensors, sharded", "deit", files.sharded, needs_config=True),
        Variant("safetensors, state_dict with EMA", "deit", files.wrapped, needs_config=True,
                fixture="wrapped"),
        Variant("npz, stored", "deit", files.npz_stored, needs_config=True),
        Variant("npz, deflated", "deit", files.npz_deflated, needs_config=True, fixture="deflated"),
        Variant("npz, Google JAX names", "deit",
                lambda m, d: files.google(m, d, sizes), fixture="google"),
        Variant("Hugging Face folder", "deit",
                lambda m, d: files.hugging_face_folder(m, d, sizes), fixture="hugging_face"),
        Variant("Hugging Face, names of version 5", "deit",
                lambda m, d: files.hugging_face_memory_names(m, d, sizes),
                fixture="hugging_face_5"),
        Variant("distilled, safetensors", "deit_distilled", files.safetensors, needs_config=True),
        Variant("DeiT-III, safetensors", "deit3", files.safetensors, needs_config=True),
        Variant("Hugging Face DeiT with teacher", "deit_distilled",
                lambda m, d: files.hugging_face_folder(m, d, sizes, "deit"),
                fixture="hugging_face_distilled"),
    ]
    onnx = [
        Variant("TorchScript, opset 11", "deit", ts(opset=11), fixture="torchscript_11"),
        Variant("TorchScript, opset 14, nothing folded, dynamic batch", "deit",
                ts(opset=14, fold=False, dynamic=True), fixture="torchscript_14_unfolded"),
        Variant("TorchScript, opset 17", "deit", ts(opset=17), fixture="torchscript_17"),
        Variant("TorchScript, opset 17, dynamic batch", "deit", ts(opset=17, dynamic=True)),
        Variant("dynamo, opset 18", "deit", dynamo(opset=18), fixture="dynamo_18"),
        Variant("dynamo, opset 18, not optimised, dynamic batch", "deit",
                dynamo(opset=18, optimize=False, dynamic=True), fixture="dynamo_18_plain"),
        Variant("dynamo, opset 20, dynamic batch", "deit", dynamo(opset=20, dynamic=True)),
        Variant("dynamo, opset 23 (Attention)", "deit", dynamo(opset=23), fixture="dynamo_23"),
        Variant("transformers, TorchScript 17, dynamic batch", "deit",
                _hugging_face(sizes, opset=17, dynamic=True), fixture="transformers_17"),
        Variant("transformers, dynamo 18", "deit", _hugging_face(sizes, opset=18, dynamo=True),
                fixture="transformers_18"),
        Variant("onnxsim of opset 14", "deit",
                _after(onnx_files.simplified, ts(opset=14, fold=False, dynamic=True)),
                fixture="simplified"),
        Variant("onnxruntime basic of opset 11", "deit",
                _after(onnx_files.optimised, ts(opset=11)), fixture="optimised_11"),
        Variant("onnxruntime basic of opset 17, dynamic batch", "deit",
                _after(onnx_files.optimised, ts(opset=17, dynamic=True))),
        Variant("onnxruntime basic of dynamo 18", "deit",
                _after(onnx_files.optimised, dynamo(opset=18)), fixture="optimised_18"),
        Variant("f16 by onnxruntime's converter", "deit",
                _after(onnx_files.converted_to_half, ts(opset=17)), False, True, fixture="half"),
        Variant("f16 exported by PyTorch", "deit", ts(opset=17, half=True), False, True),
        Variant("external data", "deit", _after(onnx_files.with_external_data, ts(opset=17)),
                fixture="external"),
        Variant("distilled, TorchScript 17", "deit_distilled", ts(opset=17), fixture="distilled"),
        Variant("distilled, dynamo 18", "deit_distilled", dynamo(opset=18)),
        Variant("DeiT-III, TorchScript 14, nothing folded", "deit3",
                ts(opset=14, fold=False, dynamic=True)),
        Variant("DeiT-III, dynamo 18", "deit3", dynamo(opset=18), fixture="deit3_dynamo"),
        Variant("LV-ViT, safetensors", "lvvit", files.safetensors, needs_config=True),
        Variant("LV-ViT, npz", "lvvit", files.npz_deflated, needs_config=True, fixture="lvvit_npz"),
        Variant("LV-ViT, TorchScript 14, nothing folded", "lvvit",
                ts(opset=14, fold=False, dynamic=True), fixture="lvvit_unfolded"),
        Variant("LV-ViT, TorchScript 17 (batch norms folded)", "lvvit", ts(opset=17), False,
                fixture="lvvit_folded"),
        Variant("LV-ViT, dynamo 18 (batch norms folded)", "lvvit", dynamo(opset=18), False),
        Variant("BEiT, safetensors", "beit", files.safetensors, needs_config=True),
        Variant("BEiT, TorchScript 14, nothing folded", "beit",
                ts(opset=14, fold=False, dynamic=True), fixture="beit_unfolded"),
        Variant("BEiT, TorchScript 17", "beit", ts(opset=17)),
        Variant("BEiT, dynamo 18", "beit", dynamo(opset=18)),
        Variant("BEiT, dynamo 23 (Attention)", "beit", dynamo(opset=23), fixture="beit_23"),
        Variant("AIMv2, safetensors", "aimv2", files.safetensors, needs_config=True),
        Variant("AIMv2, dynamo 18", "aimv2", dynamo(opset=18), fixture="aimv2_18"),
        Variant("AIMv2, dynamo 23 (RMSNormalization)", "aimv2", dynamo(opset=23),
                fixture="aimv2_23"),
    ]
    return weights + onnx + _activations(sizes)


def _activations(sizes: Sizes) -> list[Variant]:
    """Every activation by both exporters, and the ways in which `transformers` writes them."""
    ts, dynamo = _onnx(sizes, False), _onnx(sizes, True)
    found = []
    for name in ACTIVATIONS:
        family, place = f"deit:{name}", f"activations/{name}"
        found += [
            Variant(f"{name}, TorchScript 11, opset 11", family, ts(opset=11),
                    fixture=f"{place}_torchscript_11"),
            Variant(f"{name}, TorchScript 14, nothing folded", family,
                    ts(opset=14, fold=False, dynamic=True)),
            Variant(f"{name}, dynamo 18", family, dynamo(opset=18),
                    fixture=f"{place}_dynamo_18"),
            Variant(f"{name}, dynamo 20", family, dynamo(opset=20),
                    fixture=f"{place}_dynamo_20" if name == "gelu_tanh" else None),
            Variant(f"{name}, dynamo 23", family, dynamo(opset=23)),
            Variant(f"{name}, onnxsim of dynamo 18", family,
                    _after(onnx_files.simplified, dynamo(opset=18))),
            Variant(f"{name}, onnxruntime basic of TorchScript 17", family,
                    _after(onnx_files.optimised, ts(opset=17))),
            Variant(f"{name}, f16 by onnxruntime's converter", family,
                    _after(onnx_files.converted_to_half, ts(opset=17)), False, True),
        ]
    for word, name in [("gelu_new", "gelu_tanh"), ("gelu_fast", "gelu_tanh"),
                       ("gelu_pytorch_tanh", "gelu_tanh"), ("quick_gelu", "quick_gelu"),
                       ("silu", "silu"), ("relu", "relu")]:
        has_fixture = word in ("gelu_new", "gelu_fast")
        found.append(
            Variant(f"transformers' {word}, TorchScript 17", f"deit:{name}",
                    _hugging_face(sizes, word, opset=17),
                    fixture=f"activations/{word}" if has_fixture else None))
    for opset, name, word in [(20, "gelu_tanh", "fast_gelu"), (18, "quick_gelu", "quick_gelu"),
                              (24, "silu", "swish")]:
        found.append(
            Variant(f"{name} as one operator", f"deit:{name}",
                    _after(onnx_files.with_operators, dynamo(opset=opset)),
                    fixture=f"activations/{word}_operator"))
    return found


def _onnx(sizes: Sizes, dynamo: bool):
    def of(**options):
        def write(model: nn.Module, folder: Path) -> Path:
            return onnx_files.export(model, folder / "model.onnx", sizes, dynamo=dynamo, **options)
        return write
    return of


def _hugging_face(sizes: Sizes, activation: str = "gelu", **options):
    def write(model: nn.Module, folder: Path) -> Path:
        twin = onnx_files.LogitsOnly(hugging_face(model, sizes, activation=activation))
        return onnx_files.export(twin, folder / "model.onnx", sizes, **options)
    return write


def _after(change: Callable[[Path, Path], Path], write: Callable[[nn.Module, Path], Path]):
    def both(model: nn.Module, folder: Path) -> Path:
        with tempfile.TemporaryDirectory() as scratch:
            return change(write(model, Path(scratch)), folder / "model.onnx")
    return both


def written(variant: Variant, sizes: Sizes, folder: Path) -> Path:
    """The variant's file, with its configuration if it needs one."""
    # Opset 11 has no attention in one piece, and half precision changes the model in place.
    import timm.layers

    timm.layers.set_fused_attn("opset 11" not in variant.name)
    model = build(variant.family, sizes)
    timm.layers.set_fused_attn(True)
    path = variant.write(model, folder)
    if variant.needs_config:
        description = files.config_json(variant.family, sizes)
        (folder / "config.json").write_text(json.dumps(description))
    return path


def compare(variant: Variant, sizes: Sizes, tools: Path, folder: Path,
            exact: dict[str, dict[int, bytes]]) -> tuple[str, bool]:
    """A row of the table, and whether all was as it should be."""
    source = folder / "source"
    source.mkdir(parents=True)
    path = written(variant, sizes, source)
    plan, logits = folder / "plan.bin", folder / "logits.npy"
    subprocess.run([tools / "vitc", "convert", path, "-o", plan, "--quiet"], check=True)
    torch.manual_seed(1)
    pictures = torch.randn(4, 3, sizes.image, sizes.image)
    np.save(folder / "input.npy", pictures.numpy())
    subprocess.run([tools / "vitrun", plan, "--tensor", folder / "input.npy", "--logits", logits],
                   check=True)
    with torch.no_grad():
        expected = build(variant.family, sizes)(pictures).numpy()
    error = float(np.abs(np.load(logits) - expected).max() / np.abs(expected).max())
    found = sections(plan)
    same = found == exact.setdefault(variant.family, found) if variant.is_exact else None
    good = error < (3e-2 if variant.is_half else 1e-4) and same is not False
    words = {None: "(other bits)", True: "yes", False: "**no**"}[same]
    return f"| {variant.name} | {error:.1e} | {words} |", good


def write_fixtures(folder: Path, only: str | None) -> None:
    """Files of the micro model with what PyTorch makes of them. With `only`, others stay as they
    are."""
    if only is None:
        shutil.rmtree(folder, ignore_errors=True)
    for variant in variants(MICRO):
        if variant.fixture is None or only is not None and only not in variant.fixture:
            continue
        place = folder / variant.fixture
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        path = written(variant, MICRO, place)
        if path.suffix == ".onnx":
            onnx_files.strip(path)
    if only is None:
        write_models(folder)
    write_activations(folder / "activations")


def pictures_of(sizes: Sizes) -> torch.Tensor:
    torch.manual_seed(1)
    return torch.randn(2, 3, sizes.image, sizes.image)


def write_models(folder: Path) -> None:
    """The quantised model, and every family's own file with its logits."""
    onnx_files.quantised_fixture(build("deit", MICRO), folder / "quantised", MICRO)
    pictures = pictures_of(MICRO)
    expected = {"input": pictures}
    for family in ("deit", "deit_distilled", "deit3", "lvvit", "beit", "aimv2"):
        model = build(family, MICRO)
        place = folder / family
        place.mkdir(exist_ok=True)
        if not any(place.iterdir()):
            files.safetensors(model, place)
            description = files.config_json(family, MICRO)
            (place / "config.json").write_text(json.dumps(description))
        with torch.no_grad():
            expected[f"logits.{family}"] = model(pictures)
    files.save_file(expected, folder / "expected.safetensors")


def write_activations(folder: Path) -> None:
    """Graphs that are refused, and the logits of every activation; weights are those of `deit`."""
    for name in REFUSED_ACTIVATIONS:
        place = folder / f"refused_{name}"
        place.mkdir(parents=True, exist_ok=True)
        model = build(f"deit:{name}", MICRO)
        onnx_files.strip(onnx_files.export(model, place / "model.onnx", MICRO, opset=17))
    pictures = pictures_of(MICRO)
    with torch.no_grad():
        expected = {f"logits.{name}": build(f"deit:{name}", MICRO)(pictures)
                    for name in ACTIVATIONS}
    files.save_file(expected, folder / "expected.safetensors")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", choices=["micro", "small"], default="micro")
    parser.add_argument("--tools", type=Path, default=REPOSITORY / ".build/release",
                        help="where vitc and vitrun are")
    parser.add_argument("--only", help="variants (or fixtures) whose name contains this")
    parser.add_argument("--fixtures", type=Path, help="write the tests' fixtures here, and stop")
    arguments = parser.parse_args()
    if arguments.fixtures:
        write_fixtures(arguments.fixtures, arguments.only)
        return 0
    sizes = SMALL if arguments.size == "small" else MICRO
    exact: dict[str, dict[int, bytes]] = {}
    failures = 0
    print("| written as | largest difference, relative | same plan |\n|---|---|---|")
    for variant in variants(sizes):
        if arguments.only and arguments.only not in variant.name:
            continue
        with tempfile.TemporaryDirectory() as folder:
            try:
                row, good = compare(variant, sizes, arguments.tools, Path(folder), exact)
            except subprocess.CalledProcessError as error:
                row, good = f"| {variant.name} | **{error.cmd[0].name} failed** | |", False
        failures += not good
        print(row, flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
