"""Times what `vitc export` writes in onnxruntime beside what PyTorch's exporter makes of the reference.

    python tools/bench/exports.py [--rounds N] [--seconds S] [--cases WORD;WORD] [--folder DIR] [--processor-time]

Both models are of the same random weights and, where the case is pruned, of the same pruning (compare.py says how the
reference is written for an exporter that has no stable sort). One process runs both in turn, round by round. Prints
the medians over the rounds, in milliseconds an image, and the median of each round's ratio. With --processor-time one
thread runs and its processor's time is taken, which others at work on the machine hardly change.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime
from compare import BINARIES, CASES, Case, median_time, prepare


def session(path: Path, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(path, options, ["CPUExecutionProvider"])


def processor_time(run, seconds: float) -> float:
    """Median seconds of the processor that a call takes."""
    times: list[float] = []
    while sum(times) < seconds or len(times) < 5:
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return statistics.median(times)


def measure(case: Case, folder: Path, rounds: int, seconds: float, is_processor_time: bool) -> str:
    """A row of the table."""
    prepare(case, folder)
    exported = folder / case.onnx("-vitc.onnx")
    words = ["export", folder / f"{case.model}.bin", "-o", exported, "--batch", str(case.batch)]
    subprocess.run([BINARIES / "vitc", *words, "--quiet"], check=True)
    shape = (case.batch, 3, case.image_size, case.image_size)
    image = np.random.default_rng(0).standard_normal(shape, np.float32)
    threads = 1 if is_processor_time else case.threads
    taken = processor_time if is_processor_time else median_time
    sessions = [session(path, threads) for path in (exported, folder / case.onnx(".onnx"))]
    ours, theirs = (one.run(None, {"image": image})[0] for one in sessions)
    far = np.abs(ours - theirs).max() / np.abs(theirs).max()
    times: list[list[float]] = [[], []]
    for _ in range(rounds):
        for found, one in zip(times, sessions, strict=True):
            found.append(taken(lambda one=one: one.run(None, {"image": image}), seconds))
    own, other = ([1000 * time / case.batch for time in found] for found in times)
    ratio = statistics.median(b / a for a, b in zip(own, other, strict=True))
    return (f"| {case.name} | {statistics.median(own):.1f} | {statistics.median(other):.1f} "
            f"| {ratio:.2f} | {far:.1e} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--cases", default="keep 0.7",
                        help="only cases whose names contain one of these, by semicolons")
    parser.add_argument("--folder", type=Path, help="keep the models here, and use those that are")
    parser.add_argument("--processor-time", action="store_true",
                        help="time one thread by its processor")
    arguments = parser.parse_args()
    wanted = arguments.cases.split(";")
    cases = [case for case in CASES
             if case.streams == 1 and any(word in case.name for word in wanted)]
    print("| onnxruntime, f32, ms an image | vitc export | PyTorch's exporter | theirs / ours | difference |\n"
          "|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = arguments.folder or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        for case in cases:
            row = measure(case, folder, arguments.rounds, arguments.seconds, arguments.processor_time)
            print(row, flush=True)


if __name__ == "__main__":
    main()
