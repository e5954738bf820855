"""Measures the peak memory of `vitc convert`, as a share of the file that it reads, and of `vitc export`, as a
share of what it writes. Prints a Markdown table; exits with 1 if a share is above its limit.

    python tools/reference/check_memory.py [--architecture deit_base_patch16_224]

Weights are random. Memory is what was resident at the peak, pages of mapped files included. Needs
requirements-variants.txt beside this file.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import subprocess
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
RANDOM_CHECKPOINT = REPOSITORY / "tools/bench/random_checkpoint.py"
LIMITS = {"safetensors": 1.3, "onnx": 2.2, "npz": 2.2}
EXPORT_LIMIT = 0.4


def write_files(architecture: str, folder: Path) -> None:
    """The same weights as safetensors of both widths, ONNX of both exporters, and archives."""
    import numpy as np
    import timm
    from safetensors.torch import load_file, save_file
    from variants import onnx_files
    from variants.models import Sizes

    half = folder / "f16.safetensors"
    subprocess.run([sys.executable, RANDOM_CHECKPOINT, architecture, half], check=True)
    state = {name: value.float() for name, value in load_file(half).items()}
    save_file(state, folder / "f32.safetensors")
    arrays = {name: value.numpy() for name, value in state.items()}
    np.savez(folder / "stored.npz", **arrays)
    np.savez_compressed(folder / "deflated.npz", **arrays)
    model = timm.create_model(architecture).eval()
    model.load_state_dict(state)
    sizes = Sizes(224, 16, model.embed_dim, len(model.blocks), 0, 1000, 0)
    onnx_files.export(model, folder / "torchscript_17.onnx", sizes, opset=17)
    onnx_files.export(
        model, folder / "unfolded_14.onnx", sizes, opset=14, fold=False, dynamic=True)
    onnx_files.export(model, folder / "dynamo_18.onnx", sizes, opset=18, dynamo=True)
    onnx_files.with_external_data(folder / "torchscript_17.onnx", folder / "external.onnx")
    onnx_files.converted_to_half(folder / "torchscript_17.onnx", folder / "f16.onnx")


def peak_bytes(command: list[str | Path]) -> int:
    """Peak resident memory of a command that must succeed."""
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return usage.ru_maxrss * 1024


def check_exports(tools: Path, folder: Path) -> int:
    """Prints a row for each way to export the model; returns how many take too much."""
    failures = 0
    plan, model = folder / "plan.bin", folder / "exported.onnx"
    for width in ("f32", "f16"):
        words = ["convert", folder / "f32.safetensors", "--weights", width, "-o", plan, "--quiet"]
        subprocess.run([tools / "vitc", *words], check=True)
        for flags in ([], ["--external-data"]):
            peak = peak_bytes([tools / "vitc", "export", plan, "-o", model, *flags, "--quiet"])
            written = list(folder.glob("exported.onnx*"))
            size = sum(path.stat().st_size for path in written)
            for path in written:
                path.unlink()
            failures += peak > EXPORT_LIMIT * size
            print(f"| export, {' '.join([width, *flags])} | {size / 1e6:.0f} | {peak / 1e6:.0f} "
                  f"| {peak / size:.2f} | {EXPORT_LIMIT} |", flush=True)
    return failures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--architecture", default="deit_base_patch16_224")
    parser.add_argument("--tools", type=Path, default=REPOSITORY / ".build/release",
                        help="where vitc is")
    arguments = parser.parse_args()
    failures = 0
    print("| file | MB | peak MB | peak / file | limit |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # In a process of its own: a child's peak begins at its parent's size.
        writer = multiprocessing.get_context("spawn").Process(
            target=write_files, args=(arguments.architecture, folder))
        writer.start()
        writer.join()
        if writer.exitcode:
            return 1
        for path in sorted(folder.iterdir()):
            if path.suffix[1:] not in LIMITS:
                continue
            size = path.stat().st_size
            if path.stem == "external":
                size += (folder / "weights.data").stat().st_size
            peak = peak_bytes(
                [arguments.tools / "vitc", "convert", path, "-o", folder / "plan.bin", "--quiet"])
            limit = LIMITS[path.suffix[1:]]
            failures += peak > limit * size
            print(f"| {path.name} | {size / 1e6:.0f} | {peak / 1e6:.0f} | {peak / size:.2f} "
                  f"| {limit} |", flush=True)
        failures += check_exports(arguments.tools, folder)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
