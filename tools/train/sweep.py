#!/usr/bin/env python3
"""Fine-tunes the dense model for every strategy and keep rate, and plots the paper's figure 5.

    python sweep.py run --runs runs [--seeds 1] [--steps 300]   # resumable; finished runs are kept
    python sweep.py table --runs runs                           # the table, as Markdown
    python sweep.py plot --runs runs --output accuracy.png

`runs/dense` must exist (see README.md). Rows come in the order of `ROWS`; cells are the mean test
accuracy over the seeds that have finished.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROWS = {
    "drop": ["--strategy", "drop"],
    "fuse": ["--strategy", "fuse"],
    "merge": ["--strategy", "merge"],
    "merge + multi-scale": ["--strategy", "merge", "--multi-scale"],
}
KEEPS = (0.5, 0.7, 0.3, 0.9)


def folder_of(runs: Path, row: str, keep: float, seed: int) -> Path:
    return runs / f"{row.replace(' + ', '_')}_{keep}_seed{seed}"


def run_all(arguments: argparse.Namespace) -> None:
    """One training after another, the rates of most interest first."""
    dense = arguments.runs / "dense"
    for seed in range(arguments.seeds):
        for keep in KEEPS:
            for row, flags in ROWS.items():
                out = folder_of(arguments.runs, row, keep, seed)
                if (out / "result.json").exists():
                    continue
                command = [
                    sys.executable, str(HERE / "train.py"), "--out", str(out), "--init", str(dense),
                    "--keep", str(keep), "--seed", str(seed), "--steps", str(arguments.steps),
                    *flags, *arguments.train,
                ]
                print(f"{row} at keep {keep}, seed {seed}", flush=True)
                subprocess.run(command, check=True)


def accuracies(runs: Path) -> dict[str, dict[float, list[float]]]:
    """Test accuracies of the finished runs, by row and keep rate."""
    found: dict[str, dict[float, list[float]]] = {row: {} for row in ROWS}
    for row in ROWS:
        for keep in sorted(KEEPS):
            paths = sorted(runs.glob(f"{folder_of(Path(), row, keep, 0).name[:-1]}*/result.json"))
            values = [json.loads(path.read_text())["accuracy"] for path in paths]
            if values:
                found[row][keep] = values
    return found


def table(arguments: argparse.Namespace) -> None:
    dense = json.loads((arguments.runs / "dense" / "result.json").read_text())
    keeps = sorted(KEEPS, reverse=True)
    print(f"Dense: {dense['accuracy']:.2%} of {dense['images']} test images.\n")
    print("| keep | " + " | ".join(f"{keep}" for keep in keeps) + " |")
    print("|---|" + "---|" * len(keeps))
    for row, cells in accuracies(arguments.runs).items():
        words = [
            f"{100 * sum(cells[keep]) / len(cells[keep]):.2f}" if keep in cells else "-"
            for keep in keeps
        ]
        print(f"| {row} | " + " | ".join(words) + " |")


def plot(arguments: argparse.Namespace) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    dense = json.loads((arguments.runs / "dense" / "result.json").read_text())
    figure, axes = pyplot.subplots(figsize=(6, 4), layout="constrained")
    axes.axhline(100 * dense["accuracy"], color="grey", linestyle="--", label="dense")
    for row, cells in accuracies(arguments.runs).items():
        keeps = sorted(cells)
        axes.plot(keeps, [100 * sum(cells[k]) / len(cells[k]) for k in keeps], marker="o", label=row)
    axes.set(xlabel="keep rate", ylabel="test accuracy, %", xticks=sorted(KEEPS))
    # A difference of a few images should not look like a cliff.
    axes.set_ylim(100 * dense["accuracy"] - 5, 100 * dense["accuracy"] + 1)
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(arguments.output, dpi=130)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("action", choices=["run", "table", "plot"])
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--output", type=Path, default=HERE / "accuracy.png")
    arguments, arguments.train = parser.parse_known_args()
    {"run": run_all, "table": table, "plot": plot}[arguments.action](arguments)


if __name__ == "__main__":
    main()
