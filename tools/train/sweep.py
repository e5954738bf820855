#!/usr/bin/env python3
"""Every strategy at every keep rate, as it is, adapted and trained (the paper's table 3 and figure 5).

    python sweep.py run --runs runs [--seeds 3] [--jobs 1] [--only trained]   # resumable
    python sweep.py collect --runs runs                          # what is finished, into accuracy.json
    python sweep.py table                                        # of accuracy.json, as Markdown
    python sweep.py plot                                         # of accuracy.json, into accuracy.png

The folder `dense` beside this file has the dense model that was trained on the scenes. `untrained` is that
model with fewer tokens; `adapted` is what `adapt.py` makes of it with 500 images without labels; `trained` is
what `train.py` makes of it with labels. `weighted` loses a constant number of tokens a block, as many as make
its multiply-adds at most those of the keep rate.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "reference"))

import adapt  # noqa: E402
import data  # noqa: E402
import evaluate  # noqa: E402
import scenes  # noqa: E402
import sweep_report  # noqa: E402
import train  # noqa: E402
import write_images  # noqa: E402
from vit_reference import Reduction, ViTConfig  # noqa: E402
from vit_reference.checkpoint import load_model  # noqa: E402
from vit_reference.flops import multiply_adds  # noqa: E402

KEEPS = (0.3, 0.5, 0.7, 0.9)
ROWS = {
    "drop": ["--strategy", "drop"],
    "fuse": ["--strategy", "fuse"],
    "merge": ["--strategy", "merge"],
    "merge --size-aware": ["--strategy", "merge", "--size-aware"],
    "merge --multi-scale": ["--strategy", "merge", "--multi-scale"],
    "tome": ["--strategy", "tome"],
    "weighted": ["--strategy", "weighted"],
}
KINDS = {
    "untrained": ["drop", "fuse", "merge", "merge --size-aware", "tome", "weighted"],
    "adapted": ["drop", "merge", "merge --size-aware", "weighted"],
    "trained": list(ROWS),
}
TEST_IMAGES = 4000
UNLABELLED = 500
STEPS, STEPS_OF_TWO_SCALES = 200, 600
"""Of training; what two scales add starts from nothing."""


@dataclass(frozen=True)
class Job:
    kind: str
    row: str
    keep: float
    seed: int

    def folder(self, runs: Path) -> Path:
        return runs / f"{self.kind}_{self.row.replace(' --', '_')}_{self.keep}_seed{self.seed}"


def jobs(seeds: int) -> Iterator[Job]:
    """The rates of most interest first; without training there is one seed."""
    for seed in range(seeds):
        for keep in KEEPS:
            for kind, rows in KINDS.items():
                if kind == "untrained" and seed:
                    continue
                for row in rows:
                    # tome merges at most half of the tokens.
                    if row != "tome" or keep >= 0.5:
                        yield Job(kind, row, keep, seed)


def schedule_words(row: str, keep: float, config: ViTConfig) -> list[str]:
    """The options of a row, as `adapt.py` and `train.py` take them."""
    if row != "weighted":
        return [*ROWS[row], "--keep", str(keep)]
    aim = multiply_adds(config, Reduction.uniform(config, keep, strategy="drop"))
    for count in range(1, config.grid**2):
        removed, remaining = [], config.grid**2
        for _ in range(config.depth - 1):
            removed.append(min(count, remaining // 3))
            remaining -= removed[-1]
        plan = Reduction(strategy="weighted", remove=tuple(removed))
        if multiply_adds(config, plan) <= aim:
            return [*ROWS[row], "--remove", ",".join(map(str, removed))]
    raise ValueError(f"no constant schedule has {aim} multiply-adds")


def measure(checkpoint: Path, words: list[str], arguments: argparse.Namespace) -> dict[str, int]:
    """Right answers of a checkpoint under a schedule."""
    parser = argparse.ArgumentParser()
    evaluate.schedule.add_options(parser)
    model = load_model(checkpoint, arguments.dense / "config.json").to(arguments.device)
    plan = evaluate.schedule.of_options(parser.parse_args(words), model.config)
    test = data.generated(scenes, "test", TEST_IMAGES, arguments.cache)
    correct, seen = evaluate.count_correct(model, test, plan, arguments.device)
    return {"correct": correct, "images": seen}


def finish(job: Job, arguments: argparse.Namespace) -> str:
    """Runs a job to its `result.json`."""
    torch.set_num_threads(max(1, len(os.sched_getaffinity(0)) // arguments.jobs))
    out, dense = job.folder(arguments.runs), arguments.dense
    checkpoint = dense / "model.safetensors"
    words = schedule_words(job.row, job.keep, load_model(checkpoint, dense / "config.json").config)
    out.mkdir(parents=True, exist_ok=True)
    with (out / "log.txt").open("a") as log, contextlib.redirect_stdout(log), \
            contextlib.redirect_stderr(log):
        if job.kind == "trained":
            steps = STEPS_OF_TWO_SCALES if job.row == "merge --multi-scale" else STEPS
            train.main([
                "--data", "scenes", "--cache", str(arguments.cache), "--out", str(out), "--init", str(dense),
                "--train-images", str(arguments.train_images), "--test-images", "1", "--device",
                arguments.device, "--seed", str(job.seed), "--steps", str(steps), "--batch", "32",
                "--lr", "3e-4", "--warmup", "10", *words,
            ])
            checkpoint = out / "model.safetensors"
        elif job.kind == "adapted":
            adapted = out / "model.safetensors"
            code = adapt.main([
                str(checkpoint), "--images", str(arguments.runs / "unlabelled"), "-o", str(adapted), "--device",
                arguments.device, "--seed", str(job.seed), "--lr", "1e-4", *words,
            ])
            # Where no state is better, what there is stays the original.
            checkpoint = checkpoint if code else adapted
        result: dict[str, Any] = measure(checkpoint, words, arguments)
    result |= {"kind": job.kind, "row": job.row, "keep": job.keep, "seed": job.seed, "words": words}
    (out / "sweep.json").write_text(json.dumps(result) + "\n")
    return f"{job.kind} {job.row} at {job.keep}, seed {job.seed}: {result['correct'] / result['images']:.4f}"


def run(arguments: argparse.Namespace) -> None:
    unlabelled, of_dense = arguments.runs / "unlabelled", arguments.runs / "dense.json"
    if not unlabelled.exists():
        partial = unlabelled.with_name("unlabelled.partial")
        write_images.write(scenes, partial, "train", range(UNLABELLED))
        partial.rename(unlabelled)
    if not of_dense.exists():
        found = measure(arguments.dense / "model.safetensors", [], arguments)
        of_dense.write_text(json.dumps(found) + "\n")
    open_jobs = [job for job in jobs(arguments.seeds)
                 if arguments.only in (None, job.kind)
                 and not (job.folder(arguments.runs) / "sweep.json").exists()]
    # What takes longest comes last: an interrupted sweep has most of the others.
    open_jobs.sort(key=lambda job: job.row == "merge --multi-scale")
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(arguments.jobs, mp_context=context) as workers:
        for done in as_completed([workers.submit(finish, job, arguments) for job in open_jobs]):
            print(done.result(), flush=True)


def collect(arguments: argparse.Namespace) -> None:
    """All that is finished, in the order of the jobs."""
    found = {"dense": json.loads((arguments.runs / "dense.json").read_text()), "runs": []}
    for job in jobs(arguments.seeds):
        path = job.folder(arguments.runs) / "sweep.json"
        if path.exists():
            found["runs"].append(json.loads(path.read_text()))
    lines = ",\n  ".join(json.dumps(one) for one in found["runs"])
    arguments.results.write_text(f'{{"dense": {json.dumps(found["dense"])},\n "runs": [\n  {lines}\n]}}\n')


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("action", choices=["run", "collect", "table", "plot"])
    parser.add_argument("--runs", type=Path, default=Path("runs"))
    parser.add_argument("--dense", type=Path, default=HERE / "dense", help="the folder of the dense model")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", choices=list(KINDS))
    parser.add_argument("--jobs", type=int, default=1, help="processes at a time")
    parser.add_argument("--cache", type=Path, default=Path("out/images"))
    parser.add_argument("--train-images", type=int, default=32000)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--results", type=Path, default=HERE / "accuracy.json")
    parser.add_argument("--output", type=Path, default=HERE / "accuracy.png")
    arguments = parser.parse_args()
    if arguments.action == "run":
        run(arguments)
    elif arguments.action == "collect":
        collect(arguments)
    else:
        results = sweep_report.Results(json.loads(arguments.results.read_text()))
        if arguments.action == "table":
            sweep_report.table(results)
        else:
            sweep_report.plot(results, arguments.output)


if __name__ == "__main__":
    main()
