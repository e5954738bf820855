"""Times vitrun and its peers on the same random weights, each in its own process, in turn.

Usage: compare.py [--int8] [--rounds N] [--seconds S] [--cases NAME,...] [--folder FOLDER] [--json OUT.json] [--record]

For each case the peers are onnxruntime, OpenVINO and PyTorch on the same graph: for a pruned model the
pruned graph, exported from tools/reference. Rounds are interleaved, so that a machine that slows down
slows everybody; medians over rounds are printed, with vitrun's share of the machine's own limit, a short
loop of fused multiply-adds on as many cores, measured in the same rounds. The share counts the model's
multiply-adds; in brackets, those alone that vitrun executes, since it leaves out rows that nothing reads.

With --int8 everybody multiplies in eight bits: vitrun a plan of `vitc quantize`, onnxruntime what its dynamic
quantization makes (per channel, QInt8), OpenVINO what NNCF makes (transformer preset, calibrated on random images,
which is as fast as on real ones). vitrun's own float32 plan is timed beside them.
tools/reference/check_int8.py tells the accuracy of all of them on a trained model.

--record keeps every round in tools/bench/results, by processor; `record.py --readme` makes README's tables of it.

Needs the packages of tools/bench/requirements.txt, with --int8 nncf too, and `.build/release` (tools/setup.sh).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import record  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
BINARIES = ROOT / ".build" / "release"


@dataclass(frozen=True)
class Case:
    """A model, how it is pruned, and how it is run; of several streams, each has a part of the threads."""

    name: str
    architecture: str
    batch: int
    threads: int
    keep: float | None = None
    image_size: int = 224
    streams: int = 1
    int8: bool = False

    @property
    def checkpoint(self) -> str:
        return self.architecture + ("" if self.image_size == 224 else f"-{self.image_size}")

    @property
    def model(self) -> str:
        return self.checkpoint + (f"-{self.keep}" if self.keep else "")

    @property
    def plan(self) -> str:
        return self.model + ("-int8.bin" if self.int8 else ".bin")

    def onnx(self, name: str = "") -> str:
        """The file of the exported model, or of what a peer made of it."""
        return f"{self.model}-{self.batch}{name}"


CASES = [
    Case("DeiT-T, batch 1, 2 threads", "deit_tiny_patch16_224", 1, 2),
    Case("DeiT-S, batch 1, 2 threads", "deit_small_patch16_224", 1, 2),
    Case("DeiT-S, batch 1, 1 thread", "deit_small_patch16_224", 1, 1),
    Case("DeiT-B, batch 1, 2 threads", "deit_base_patch16_224", 1, 2),
    Case("DeiT-S, batch 8, 2 threads", "deit_small_patch16_224", 8, 2),
    Case("LV-ViT-S, batch 1, 2 threads", "lvvit_s", 1, 2),
    Case("DeiT-S keep 0.7, batch 1, 2 threads", "deit_small_patch16_224", 1, 2, 0.7),
    Case("DeiT-S at 384, batch 1, 2 threads", "deit_small_patch16_224", 1, 2, image_size=384),
    Case("DeiT-S at 512, batch 1, 2 threads", "deit_small_patch16_224", 1, 2, image_size=512),
    Case("DeiT-S, 2 streams, 2 threads", "deit_small_patch16_224", 1, 2, streams=2),
    Case("DINOv2 S/14, batch 1, 2 threads", "vit_small_patch14_dinov2", 1, 2),
    Case("DINOv2 S/14 at 518, batch 1, 2 threads", "vit_small_patch14_dinov2", 1, 2, image_size=518),
    Case("CLIP B/32, batch 1, 2 threads", "vit_base_patch32_clip_quickgelu_224", 1, 2),
]
INT8_CASES = [
    Case("DeiT-T, batch 1, 2 threads", "deit_tiny_patch16_224", 1, 2, int8=True),
    Case("DeiT-S, batch 1, 2 threads", "deit_small_patch16_224", 1, 2, int8=True),
    Case("DeiT-S, batch 1, 1 thread", "deit_small_patch16_224", 1, 1, int8=True),
    Case("DeiT-B, batch 1, 2 threads", "deit_base_patch16_224", 1, 2, int8=True),
    Case("DeiT-S, batch 8, 2 threads", "deit_small_patch16_224", 8, 2, int8=True),
    Case("DeiT-S keep 0.7, batch 1, 2 threads", "deit_small_patch16_224", 1, 2, 0.7, int8=True),
]


def build_reference(checkpoint: Path, keep: float | None):
    """The reference model of a checkpoint, evaluating, with its pruning if any."""
    sys.path.insert(0, str(ROOT / "tools" / "reference"))
    import torch
    from vit_reference import reduction as reduction_module
    from vit_reference.checkpoint import load_model
    from vit_reference.config import Reduction

    def select(importance, keep):
        # ONNX has no stable sort; ties do not matter for time.
        order = torch.topk(importance, importance.shape[1]).indices
        return torch.sort(order[:, :keep])[0], torch.sort(order[:, keep:])[0]

    reduction_module.select = select
    model = load_model(checkpoint).eval().float()
    reduction = Reduction.uniform(model.config, keep) if keep else None

    class Wrapped(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, image):
            return self.model(image, reduction) if reduction else self.model(image)

    return Wrapped().eval()


def prepare(case: Case, folder: Path) -> None:
    """Checkpoint, plan and ONNX file of a case's model."""
    checkpoint = folder / f"{case.checkpoint}.safetensors"
    dense = folder / f"{case.checkpoint}.bin"
    if not dense.exists():
        maker = ROOT / "tools" / "bench" / "random_checkpoint.py"
        size = ["--image-size", str(case.image_size)]
        subprocess.run([sys.executable, maker, case.architecture, checkpoint, *size], check=True)
        convert = ["convert", checkpoint, "--arch", case.architecture, "-o", dense, "--quiet"]
        subprocess.run([BINARIES / "vitc", *convert], check=True)
    plan = folder / f"{case.model}.bin"
    if case.keep and not plan.exists():
        rewrite = ["rewrite", dense, "--keep", str(case.keep), "-o", plan, "--quiet"]
        subprocess.run([BINARIES / "vitc", *rewrite], check=True, stdout=subprocess.DEVNULL)
    quantized = folder / case.plan
    if case.int8 and not quantized.exists():
        subprocess.run([BINARIES / "vitc", "quantize", plan, "-o", quantized, "--quiet"], check=True)
    onnx = folder / case.onnx(".onnx")
    if not onnx.exists():
        import torch

        model = build_reference(checkpoint, case.keep)
        image = torch.zeros(case.batch, 3, case.image_size, case.image_size)
        torch.onnx.export(
            model, (image,), str(onnx), dynamo=True, input_names=["image"], verbose=False
        )
    if case.int8:
        quantize(case, onnx, folder)


def quantize(case: Case, onnx: Path, folder: Path) -> None:
    """What the peers' own quantization makes of an exported model."""
    dynamic = folder / case.onnx("-dynamic.onnx")
    if not dynamic.exists():
        from onnxruntime.quantization import QuantType, quantize_dynamic

        quantize_dynamic(onnx, dynamic, per_channel=True, weight_type=QuantType.QInt8)
    calibrated = folder / case.onnx("-nncf.xml")
    if not calibrated.exists():
        import nncf
        import numpy as np
        import openvino

        shape = (case.batch, 3, case.image_size, case.image_size)
        generator = np.random.default_rng(1)
        images = [generator.standard_normal(shape, np.float32) for _ in range(4)]
        model = nncf.quantize(
            openvino.Core().read_model(str(onnx)), nncf.Dataset(images),
            model_type=nncf.ModelType.TRANSFORMER, subset_size=len(images),
        )
        openvino.save_model(model, str(calibrated), compress_to_fp16=False)


def peer(name: str, case: Case, folder: Path, seconds: float) -> float:
    """Milliseconds an image, by the median run of each stream; runs in a process of its own."""
    import numpy as np

    size = case.image_size
    image = np.random.default_rng(0).standard_normal((case.batch, 3, size, size), np.float32)
    names = {"onnxruntime": "-dynamic.onnx", "openvino": "-nncf.xml"} if case.int8 else {}
    onnx = str(folder / case.onnx(names.get(name, ".onnx")))
    threads = case.threads // case.streams
    if name == "onnxruntime":
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads

        def stream():
            session = onnxruntime.InferenceSession(onnx, options, ["CPUExecutionProvider"])
            return lambda: session.run(None, {"image": image})

    elif name == "openvino":
        import openvino

        core = openvino.Core()
        settings = {
            "INFERENCE_NUM_THREADS": case.threads,
            "PERFORMANCE_HINT": "LATENCY" if case.streams == 1 else "THROUGHPUT",
            "INFERENCE_PRECISION_HINT": "f32",
        }
        if case.streams > 1:
            settings["NUM_STREAMS"] = case.streams
        compiled = core.compile_model(core.read_model(onnx), "CPU", settings)

        def stream():
            request = compiled.create_infer_request()
            return lambda: request.infer([image])

    else:
        import torch

        torch.set_num_threads(threads)
        model = build_reference(folder / f"{case.checkpoint}.safetensors", case.keep)
        tensor = torch.from_numpy(image)

        def stream():
            @torch.inference_mode()
            def run():
                return model(tensor)

            return run

    runs = [stream() for _ in range(case.streams)]
    if case.streams == 1:
        medians = [median_time(runs[0], seconds)]
    else:
        with ThreadPoolExecutor(case.streams) as pool:
            medians = list(pool.map(lambda run: median_time(run, seconds), runs))
    # Streams run at the same time: their rates add up.
    return 1000 / case.batch / sum(1 / median for median in medians)


def median_time(run, seconds: float) -> float:
    """Median seconds of a call."""
    for _ in range(3):
        run()
    times = []
    while sum(times) < seconds or len(times) < 5:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def vitrun(case: Case, plan: Path, seconds: float) -> dict:
    """What `vitrun bench --json` prints."""
    flags = ["--batch", case.batch, "--threads", case.threads, "--streams", case.streams]
    flags += ["--seconds", seconds, "--json"]
    command = [BINARIES / "vitrun", "bench", plan, *map(str, flags)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def limit(threads: int) -> float:
    """GFLOP/s of a loop of fused multiply-adds on `threads` cores, 0 if it cannot be measured."""
    command = [BINARIES / "vitrun", "bench", "--limit", "--threads", str(threads), "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    return json.loads(done.stdout)["gflops"] if done.returncode == 0 else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--int8", action="store_true", help="time eight bits")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--cases", help="only cases whose names contain one of these, by commas")
    parser.add_argument("--folder", type=Path, help="keep the models here, and use those that are")
    parser.add_argument("--prepare", action="store_true", help="only make the models")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--record", action="store_true", help="keep the rounds in tools/bench/results")
    parser.add_argument("--peer", nargs=3, metavar=("NAME", "CASE", "FOLDER"), help="internal")
    arguments = parser.parse_args()
    all_cases, peers = CASES, record.PEERS
    if arguments.int8:
        all_cases, peers = INT8_CASES, record.INT8_PEERS
    if arguments.record:
        # Before an hour of measuring rather than after it.
        record.commit()
    if arguments.peer:
        name, index, folder = arguments.peer
        print(peer(name, all_cases[int(index)], Path(folder), arguments.seconds))
        return
    wanted = arguments.cases.split(",") if arguments.cases else [""]
    cases = [case for case in all_cases if any(word in case.name for word in wanted)]
    results: dict[str, dict[str, list[float]]] = {case.name: {} for case in cases}
    work: dict[str, dict] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = arguments.folder or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        for case in cases:
            prepare(case, folder)
        if arguments.prepare:
            return
        for _ in range(arguments.rounds):
            for case in cases:
                own = vitrun(case, folder / case.plan, arguments.seconds)
                work[case.name] = own
                rows = results[case.name]
                rows.setdefault("vitrun", []).append(1000 / own["images_per_second"])
                rows.setdefault("limit", []).append(limit(case.threads))
                if case.int8:
                    floats = vitrun(case, folder / f"{case.model}.bin", arguments.seconds)
                    rows.setdefault("vitrun f32", []).append(1000 / floats["images_per_second"])
                for other in peers:
                    command = [sys.executable, __file__, "--seconds", str(arguments.seconds)]
                    command += ["--peer", other, str(all_cases.index(case)), str(folder)]
                    command += ["--int8"] if case.int8 else []
                    threads = str(case.threads // case.streams)
                    environment = {**os.environ, "OMP_NUM_THREADS": threads}
                    done = subprocess.run(
                        command, check=True, capture_output=True, text=True, env=environment
                    )
                    rows.setdefault(other, []).append(float(done.stdout.split()[-1]))
    print("\n".join(record.table(results, work)))
    kernels = record.kernels(work)
    print(f"\nvitrun with {', '.join(kernels)} kernels on {os.cpu_count()} processors.")
    if arguments.json:
        arguments.json.write_text(json.dumps({"ms": results, "vitrun": work}, indent=1))
    if arguments.record:
        print(f"Recorded in {record.write(results, work).relative_to(ROOT)}.")


if __name__ == "__main__":
    main()
