#!/usr/bin/env python3
"""Accuracy against keep rate without any training, measured by `vitc rewrite` and `vitrun eval`.

    python untrained_curve.py PLAN IMAGES [--bin .build/release] [--keeps 0.9,0.7,0.5,0.3]
                              [--results curve.json] [--output curve.png] [--labels FILE]

PLAN is a dense plan, e.g. of the real DeiT-Tiny; IMAGES a folder as `vitrun eval` takes it. Each
strategy is a line. Results are kept in --results after every measurement, and what is there is not
measured again; a rate that a strategy refuses (`tome` merges at most half) is left out.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
STRATEGIES = {
    "drop": ["--strategy", "drop"],
    "fuse": ["--strategy", "fuse"],
    "merge": ["--strategy", "merge"],
    "merge --size-aware": ["--strategy", "merge", "--size-aware"],
    "tome": ["--strategy", "tome"],
}

Results = dict[str, dict[str, float]]


def evaluate(binaries: Path, plan: Path, images: Path, labels: Path | None) -> float:
    """Top-1 accuracy of a plan."""
    command = [str(binaries / "vitrun"), "eval", str(plan), str(images), "--json"]
    if labels is not None:
        command += ["--labels", str(labels)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(json.loads(done.stdout)["top1"])


def measure(arguments: argparse.Namespace) -> Results:
    results: Results = {}
    if arguments.results.exists():
        results = json.loads(arguments.results.read_text())

    def note(line: str, keep: str, value: float) -> None:
        results.setdefault(line, {})[keep] = value
        arguments.results.write_text(json.dumps(results, indent=1) + "\n")
        print(f"{line} at {keep}: {value:.4f}", flush=True)

    if "dense" not in results:
        note("dense", "1.0", evaluate(arguments.bin, arguments.plan, arguments.images,
                                      arguments.labels))
    with tempfile.TemporaryDirectory() as folder:
        rewritten = Path(folder) / "plan.bin"
        for line, flags in STRATEGIES.items():
            for keep in arguments.keeps.split(","):
                if keep in results.get(line, {}):
                    continue
                done = subprocess.run(
                    [str(arguments.bin / "vitc"), "rewrite", str(arguments.plan), "-o",
                     str(rewritten), "--keep", keep, *flags],
                    capture_output=True, text=True,
                )
                if done.returncode:
                    print(f"{line} at {keep}: {done.stderr.strip()}", file=sys.stderr)
                    continue
                note(line, keep, evaluate(arguments.bin, rewritten, arguments.images,
                                          arguments.labels))
    return results


def draw(results: Results, output: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6, 4), layout="constrained")
    axes.axhline(100 * results["dense"]["1.0"], color="grey", linestyle="--", label="dense")
    for line in STRATEGIES:
        points = sorted((float(keep), 100 * value) for keep, value in results[line].items())
        axes.plot(*zip(*points, strict=True), marker="o", label=line)
    axes.set(xlabel="keep rate", ylabel="top-1 accuracy, %")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(output, dpi=130)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("plan", type=Path)
    parser.add_argument("images", type=Path)
    parser.add_argument("--bin", type=Path, default=HERE.parents[1] / ".build" / "release")
    parser.add_argument("--keeps", default="0.9,0.8,0.7,0.6,0.5,0.4,0.3")
    parser.add_argument("--labels", type=Path)
    parser.add_argument("--results", type=Path, default=HERE / "untrained_curve.json")
    parser.add_argument("--output", type=Path, default=HERE / "untrained_curve.png")
    arguments = parser.parse_args()
    draw(measure(arguments), arguments.output)


if __name__ == "__main__":
    main()
