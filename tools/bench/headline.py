"""What eight bits, a searched schedule and a cascade gain together, in speed and in answers.

Usage: headline.py PLAN IMAGES --labels FILE [--budget 0.65] [--every 8] [--rounds 5] [--seconds 2] [--folder FOLDER]

PLAN is a trained classifier of twelve blocks in float32. It is quantized, and `vitc search --cascade` finds a schedule
on one of each --every images, without labels; the others judge the result beside PLAN. The same schedule and share of
images that go on are then timed on a DeiT-S of random weights in eight bits, beside the peers of compare.py on the dense
DeiT-S in float32, each in its own process, in turn: what an image takes on average is the cheap program's time and the
share of the dense one's.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import compare  # noqa: E402
import record  # noqa: E402
from strategies import halves, run  # noqa: E402

CASE = compare.Case("DeiT-S, batch 1, 2 threads", "deit_small_patch16_224", 1, 2)


def searched(plan: Path, images: Path, arguments: argparse.Namespace, folder: Path) -> tuple[dict, str, float]:
    """What the cascade's answers are worth, its schedule as a flag, and the share that went on of the images that judge."""
    some, others = halves(images, arguments.every, folder)
    quantized, cascade = folder / "int8.bin", folder / "cascade.bin"
    run("vitc", "quantize", plan, "-o", quantized, "--quiet")
    words = ["--images", some, "--budget", arguments.budget, "--cascade", "-o", cascade]
    lines = run("vitc", "search", quantized, *words).splitlines()
    schedule = next(line for line in lines if "vitc rewrite" in line).split("--remove ")[1].split()[0]
    labels = ["--labels", arguments.labels] if arguments.labels else []
    found = json.loads(
        run("vitrun", "eval", cascade, others, "--against", plan, *labels, "--json", "--quiet")
    )
    return found, schedule, found["fallback_share"]


def times(schedule: str, share: float, arguments: argparse.Namespace, folder: Path) -> dict[str, list[float]]:
    """Milliseconds an image of each round."""
    compare.prepare(CASE, folder)
    dense = folder / CASE.plan
    quantized, fast = folder / "deit-s-int8.bin", folder / "deit-s-fast.bin"
    run("vitc", "quantize", dense, "-o", quantized, "--quiet")
    words = ["--strategy", "weighted", "--remove", schedule]
    run("vitc", "rewrite", quantized, *words, "-o", fast, "--quiet")
    found: dict[str, list[float]] = {}
    for _ in range(arguments.rounds):
        cascade = json.loads(run(
            "vitrun", "bench", fast, "--fallback", quantized, "--fallback-share", share,
            "--threads", CASE.threads, "--seconds", arguments.seconds, "--json"))
        found.setdefault("vitrun", []).append(cascade["average"]["ms"])
        own = compare.vitrun(CASE, dense, arguments.seconds)
        found.setdefault("vitrun f32 dense", []).append(own["median_ms"])
        for peer in record.PEERS[:2]:
            command = [sys.executable, HERE / "compare.py", "--seconds", str(arguments.seconds)]
            command += ["--peer", peer, str(compare.CASES.index(CASE)), str(folder)]
            environment = {**os.environ, "OMP_NUM_THREADS": str(CASE.threads)}
            done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
            found.setdefault(peer, []).append(float(done.stdout.split()[-1]))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("plan", type=Path)
    parser.add_argument("images", type=Path)
    parser.add_argument("--labels")
    parser.add_argument("--budget", default="0.65")
    parser.add_argument("--every", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--folder", type=Path, help="keep the models here, and use those that are")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        answers, schedule, share = searched(arguments.plan, arguments.images, arguments, Path(name))
        found = times(schedule, share, arguments, arguments.folder or Path(name))
    medians = {name: statistics.median(rounds) for name, rounds in found.items()}
    print(f"schedule   --remove {schedule}, {100 * share:.1f} % of {answers['images']} images go on")
    print(f"agreement  {100 * answers['agreement']:.1f} % with the dense float32 model, KL {answers['kl']:.4f}, "
          f"top-1 {100 * answers['top1']:.1f} %")
    for name, milliseconds in medians.items():
        print(f"{name:17}{milliseconds:8.2f} ms an image")
    faster = min(medians[peer] for peer in record.PEERS[:2])
    print(f"{faster / medians['vitrun']:.2f} times the faster peer in float32, on {record.processor()['name']}")


if __name__ == "__main__":
    main()
