"""Compares models in eight bits with those in float32 on images whose class their names tell.

Usage: check_int8.py CHECKPOINT IMAGES --labels FILE [--arch NAME]

CHECKPOINT is a trained model, in any form that vitc reads. For the dense plan and two rewrites of it, prints how many
images each plan names right in float32 and in eight bits, how often both name the same class, and the mean KL. Beside
them what onnxruntime's dynamic quantization (per channel, QInt8) and, if nncf is installed, OpenVINO's calibrated
quantization (the transformer preset, calibrated on the same images) make of the model that tools/reference exports.

Needs `.build/release` (tools/setup.sh) and the packages of tools/bench/requirements.txt.
"""

from __future__ import annotations

import argparse
import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
BINARIES = ROOT / ".build" / "release"
REWRITES = {"dense": None, "keep 0.7, merge": "merge", "keep 0.7, tome": "tome"}


def run(command: str, *words) -> str:
    """What a command of .build/release prints."""
    done = subprocess.run([BINARIES / command, *map(str, words)], check=True, capture_output=True, text=True)
    return done.stdout


def softmax(logits: np.ndarray) -> np.ndarray:
    """The logarithm of the softmax, in float64."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def row(name: str, reference: np.ndarray, logits: np.ndarray, labels: np.ndarray) -> str:
    """A line of the table."""
    right = [int((values.argmax(axis=1) == labels).sum()) for values in (reference, logits)]
    same = int((reference.argmax(axis=1) == logits.argmax(axis=1)).sum())
    p, q = softmax(reference), softmax(logits)
    kl = float((np.exp(p) * (p - q)).sum(axis=1).mean())
    return f"| {name} | {right[0]} | {right[1]} | {same} ({same / len(labels):.1%}) | {kl:.4f} |"


def tensors(plan: Path, images: list[Path], folder: Path) -> np.ndarray:
    """The images as the plan's model takes them."""
    inputs = []
    for image in images:
        run("vitrun", "preprocess", plan, image, "-o", folder / "image.npy")
        inputs.append(np.load(folder / "image.npy"))
    return np.concatenate(inputs)


def onnxruntime_logits(onnx: Path, folder: Path, inputs: np.ndarray) -> np.ndarray:
    """Logits of onnxruntime's dynamic quantization."""
    import onnxruntime
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantized = folder / "dynamic.onnx"
    quantize_dynamic(onnx, quantized, per_channel=True, weight_type=QuantType.QInt8)
    session = onnxruntime.InferenceSession(str(quantized), providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(None, {"image": image[None]})[0] for image in inputs])


def openvino_logits(onnx: Path, inputs: np.ndarray) -> np.ndarray:
    """Logits of OpenVINO's quantization, calibrated on 300 of the images."""
    import nncf
    import openvino

    model = openvino.Core().read_model(str(onnx))
    data = nncf.Dataset([image[None] for image in inputs[:300]])
    quantized = nncf.quantize(model, data, model_type=nncf.ModelType.TRANSFORMER, subset_size=300)
    compiled = openvino.compile_model(quantized, "CPU")
    return np.concatenate([compiled([image[None]])[0] for image in inputs])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("images", type=Path)
    parser.add_argument("--labels", type=Path, required=True)
    parser.add_argument("--arch", default="deit_tiny_patch16_224")
    parser.add_argument("--peers", action=argparse.BooleanOptionalAction, default=True)
    arguments = parser.parse_args()
    images = sorted(arguments.images.glob("*.*"))
    classes = [line.split("\t") for line in arguments.labels.read_text().splitlines()]
    index = {words[1]: int(words[0]) for words in classes}
    labels = np.array([index[image.name.split("_")[0]] for image in images])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dense = folder / "dense.bin"
        run("vitc", "convert", arguments.checkpoint, "--arch", arguments.arch, "-o", dense, "--quiet")
        inputs = tensors(dense, images, folder)
        np.save(folder / "inputs.npy", inputs)

        def logits(plan: Path) -> np.ndarray:
            run("vitrun", plan, "--tensor", folder / "inputs.npy", "--logits", folder / "out.npy")
            return np.load(folder / "out.npy")

        print(f"| {len(images)} images | right in f32 | right in int8 | same answer | KL |")
        print("|---|---|---|---|---|")
        for title, strategy in REWRITES.items():
            plan = dense
            if strategy:
                plan = folder / f"{strategy}.bin"
                words = ["--keep", 0.7, "--strategy", strategy, "-o", plan, "--quiet"]
                run("vitc", "rewrite", dense, *words)
            quantized = folder / "int8.bin"
            run("vitc", "quantize", plan, "-o", quantized, "--quiet")
            print(row(f"vitrun, {title}", logits(plan), logits(quantized), labels), flush=True)
        if not arguments.peers:
            return 0
        onnx = folder / "model.onnx"
        export(arguments.checkpoint, onnx, inputs.shape[1:])
        reference = logits(dense)
        peers = {"onnxruntime, dynamic": lambda: onnxruntime_logits(onnx, folder, inputs)}
        if importlib.util.find_spec("nncf"):
            peers["OpenVINO, NNCF"] = lambda: openvino_logits(onnx, inputs)
        for title, answer in peers.items():
            print(row(title, reference, answer(), labels), flush=True)
    return 0


def export(checkpoint: Path, onnx: Path, shape: tuple[int, ...]) -> None:
    """The model in PyTorch, as ONNX."""
    sys.path.insert(0, str(ROOT / "tools" / "reference"))
    import torch
    from vit_reference.checkpoint import load_model

    model = load_model(checkpoint).eval().float()
    torch.onnx.export(
        model, (torch.zeros(1, *shape),), str(onnx), dynamo=True, input_names=["image"], verbose=False
    )


if __name__ == "__main__":
    sys.exit(main())
