"""Table and figure of what `sweep.py` measured."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

TITLES = {
    "untrained": "As it is", "adapted": "Adapted without labels", "trained": "Trained with labels",
}


class Results:
    """`accuracy.json`: right answers of every run."""

    def __init__(self, found: dict[str, Any]) -> None:
        self.dense, self.runs = found["dense"], found["runs"]
        self.keeps = sorted({run["keep"] for run in self.runs}, reverse=True)

    def rows(self, kind: str) -> list[str]:
        """In the order in which they were run."""
        return list(dict.fromkeys(run["row"] for run in self.runs if run["kind"] == kind))

    def cell(self, kind: str, row: str, keep: float) -> tuple[float, float, int] | None:
        """Accuracy, its standard error and the number of seeds. The error has two parts: how runs of
        different seeds differ, and that the test images are a sample, which no seed changes."""
        shares = [run["correct"] / run["images"] for run in self.runs
                  if (run["kind"], run["row"], run["keep"]) == (kind, row, keep)]
        if not shares:
            return None
        mean, count = sum(shares) / len(shares), len(shares)
        variance = mean * (1 - mean) / self.dense["images"]
        if count > 1:
            variance += sum((share - mean) ** 2 for share in shares) / (count - 1) / count
        return mean, math.sqrt(variance), count


def table(results: Results) -> None:
    share = results.dense["correct"] / results.dense["images"]
    print(f"Dense: {share:.2%} of {results.dense['images']} test images.")
    for kind, title in TITLES.items():
        if not results.rows(kind):
            continue
        print(f"\n| {title}, keep | " + " | ".join(f"{keep}" for keep in results.keeps) + " | seeds |")
        print("|---|" + "---|" * (len(results.keeps) + 1))
        for row in results.rows(kind):
            cells = [results.cell(kind, row, keep) for keep in results.keeps]
            words = [f"{100 * cell[0]:.1f} ± {100 * cell[1]:.1f}" if cell else "-" for cell in cells]
            seeds = sorted({cell[2] for cell in cells if cell})
            print(f"| {row} | " + " | ".join(words) + f" | {' or '.join(map(str, seeds))} |")
    print()
    for kind, title in TITLES.items():
        for row in ("merge", "merge --size-aware"):
            first, second = (results.cell(kind, name, min(results.keeps)) for name in (row, "drop"))
            if first and second:
                error = math.hypot(first[1], second[1])
                print(f"{title}, keep {min(results.keeps)}: {row} is {100 * (first[0] - second[0]):.1f} "
                      f"points above drop, {(first[0] - second[0]) / error:.1f} standard errors.")


def plot(results: Results, output: Path) -> None:
    """A panel for each kind; bars are standard errors."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    kinds = [kind for kind in TITLES if results.rows(kind)]
    figure, panels = pyplot.subplots(
        1, len(kinds), figsize=(4.2 * len(kinds), 4), sharey=True, layout="constrained", squeeze=False
    )
    colours = {row: f"C{index}" for index, row in enumerate(
        dict.fromkeys(row for kind in ("trained", *kinds) for row in results.rows(kind)))}
    for axes, kind in zip(panels[0], kinds, strict=True):
        axes.axhline(100 * results.dense["correct"] / results.dense["images"], color="grey",
                     linestyle="--", label="dense")
        for row in results.rows(kind):
            points = [(keep, cell) for keep in results.keeps if (cell := results.cell(kind, row, keep))]
            axes.errorbar(
                [keep for keep, _ in points], [100 * cell[0] for _, cell in points],
                yerr=[100 * cell[1] for _, cell in points], marker="o", markersize=4, capsize=3,
                color=colours[row], label=row,
            )
        axes.set(title=TITLES[kind], xlabel="keep rate", xticks=results.keeps)
        axes.grid(alpha=0.3)
    panels[0][0].set_ylabel("accuracy on scenes, %")
    panels[0][-1].legend(fontsize="small")
    figure.savefig(output, dpi=110)
