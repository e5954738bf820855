#!/usr/bin/env python3
"""Runs the lines of README.md in this folder as they stand there, on a folder and on Parquet of images, and compares the
rows with those of `vitrun label` and `vitrun embed`.

    python check.py [IMAGES [PLAN]] [--count 2000] [--engines xargs,ray,spark]

IMAGES is a folder, whose images are taken again until there are `--count`; some are joined that cannot be read, and some
whose names engines pass over. Of each run on the folder a worker is killed while it is at work: the run must go well all the
same, with every image once. Needs vitrun, and vitc for the demo's plan, on the PATH. test.sh sets all of it up.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Dict, List, Optional, Tuple

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
DEMO = ROOT / "tools/demo"
FEATURES = ROOT / "Tests/Fixtures/plans/features.bin"

#: Seconds that a worker has had the plan when it is killed.
AT_WORK = 1.0

Row = Dict[str, object]


class Failure(Exception):
    """What is not as it must be."""


def blocks(heading: str) -> List[str]:
    """The shell lines below a heading of the page."""
    text = HERE.joinpath("README.md").read_text()
    part = re.search(rf"^## {re.escape(heading)}$(.*?)(?:^## |\Z)", text, re.M | re.S | re.I)
    return re.findall(r"^```sh\n(.*?)^```$", part.group(1), re.M | re.S)


# ---- What there is to label ----


def make_images(folder: Path, source: Path, count: int) -> None:
    """`count` images in folders of a hundred, and what goes wrong."""
    found = sorted(path for path in source.iterdir() if path.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp"))
    for index in range(count):
        path = found[index % len(found)]
        into = folder / f"{index // 100:03}"
        into.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, into / f"{index:05} {path.name}")
    first = found[0].read_bytes()
    names = {
        "_MG_0001.JPG": first, "größe 1 % #?.jpeg": first, "empty.jpg": b"", "torn.jpg": first[:200],
        "text.png": b"no image", ".hidden.jpg": first, "notes.txt": b"no image either"}
    for name, content in names.items():
        folder.joinpath(name).write_bytes(content)
    folder.joinpath("gone.jpg").symlink_to("nowhere")
    hidden = folder / ".hidden"
    hidden.mkdir()
    hidden.joinpath("hidden.jpg").write_bytes(first)


def make_parquet(path: Path, scratch: Path, images: List[str]) -> None:
    """The images that can be read as a table, in several files."""
    path.mkdir()
    images = [image for image in images if os.path.exists(scratch / image)]
    for start in range(0, len(images), 700):
        some = images[start:start + 700]
        contents = [scratch.joinpath(image).read_bytes() for image in some]
        pq.write_table(pa.table({"path": some, "content": contents}), path / f"{start:06}.parquet", row_group_size=100)


def make_demo_plan(plan: Path) -> None:
    model = DEMO / "model"
    subprocess.run(
        ["vitc", "convert", model / "dense.safetensors", "--labels", model / "labels.txt", "-o", plan, "--quiet"], check=True)


# ---- A run, and its workers ----


def workers(process: psutil.Process, plan: str) -> List[psutil.Process]:
    """The processes below one that have the plan mapped. Spark's copies have its name."""
    found = []
    for child in process.children(recursive=True):
        try:
            lines = Path(f"/proc/{child.pid}/maps").read_text().splitlines()
        except OSError:
            continue
        if any(line.endswith(f"/{plan}") for line in lines):
            found.append(child)
    return found


def run(lines: str, folder: Path, plan: str, kills: bool) -> Tuple[str, float]:
    """Runs shell lines, kills a worker if asked, and gives what was printed and the most memory of a worker, in MB."""
    since: Dict[int, float] = {}
    killed: Optional[int] = None
    most, others = 0.0, False
    with open(folder / "stdout", "w+") as output, open(folder / "stderr", "w+") as errors:
        shell = psutil.Popen(["bash", "-euo", "pipefail", "-c", lines], cwd=folder, stdout=output, stderr=errors)
        while shell.poll() is None:
            now = time.monotonic()
            for worker in workers(shell, plan):
                try:
                    most = max(most, worker.memory_info().rss / 1e6)
                except psutil.NoSuchProcess:
                    continue
                if killed is not None and worker.pid not in since:
                    others = True
                since.setdefault(worker.pid, now)
                if kills and killed is None and now - since[worker.pid] > AT_WORK:
                    killed = worker.pid
                    os.kill(killed, signal.SIGKILL)
            time.sleep(0.3)
        output.seek(0)
        errors.seek(0)
        said, complained = output.read(), errors.read()
    if shell.returncode != 0:
        raise Failure(f"exit code {shell.returncode}:\n{said}{complained[-4000:]}")
    if kills and killed is None:
        raise Failure("expected a worker at work that can be killed, found none: take more images")
    if kills and not others:
        raise Failure("expected another worker in place of the one that was killed, found none")
    return said, most


# ---- What comes out ----


def rows_of(labels: Path) -> List[Row]:
    """The rows of Parquet, or of JSON lines."""
    if labels.is_dir():
        if not labels.joinpath("_SUCCESS").exists():
            raise Failure(f"{labels.name}: expected _SUCCESS, found none")
        rows = pq.read_table(labels).to_pylist()
    elif labels.suffix == ".parquet":
        rows = pq.read_table(labels).to_pylist()
    else:
        rows = [json.loads(line) for line in labels.read_text().splitlines()]
    return [{key: value for key, value in row.items() if value is not None} for row in rows]


def compare(found: List[Row], expected: List[Row]) -> None:
    """Every row once, and the same in it."""
    by_image = {row["image"]: row for row in found}
    if len(by_image) != len(found):
        raise Failure(f"expected every image once, found {len(found) - len(by_image)} rows more")
    wanted = {row["image"]: row for row in expected}
    for missing, what in ((set(wanted) - set(by_image), "no row"), (set(by_image) - set(wanted), "a row too many")):
        if missing:
            raise Failure(f"{sorted(missing)[0]}: {what}, and {len(missing) - 1} others")
    for image, row in wanted.items():
        if by_image[image] != row:
            raise Failure(f"{image}: expected {row}, found {by_image[image]}")


def check_labels(engine: str, scratch: Path, expected: List[Row]) -> str:
    """The folder with a worker killed, then Parquet; the lines' last words."""
    commands = blocks(engine)
    said, most = run(commands[0], scratch, "plan.bin", kills=True)
    (output,) = (path for path in (scratch / "labels", scratch / "labels.parquet") if path.exists())
    compare(rows_of(output), expected)
    shutil.rmtree(output) if output.is_dir() else output.unlink()
    told = [f"{(said.strip() or 'every image').splitlines()[-1]}, a worker killed, {most:.0f} MB a worker"]
    if len(commands) > 1:
        readable = [row for row in expected if os.path.exists(scratch / str(row["image"]))]
        said, _ = run(commands[1], scratch, "plan.bin", kills=False)
        compare(rows_of(scratch / "labels"), readable)
        shutil.rmtree(scratch / "labels")
        told.append(f"Parquet: {said.strip().splitlines()[-1]}")
    return "; ".join(told)


def check_embeddings(engine: str, scratch: Path) -> str:
    """A few images by a plan without a classifier, beside those of `vitrun embed`; of a folder and of structures."""
    few = scratch / "few"
    lines = blocks(engine)[0].replace("plan.bin photos labels", f"{FEATURES} few labels")
    run(lines, scratch, FEATURES.name, kills=False)
    rows = {row["image"]: row for row in rows_of(scratch / "labels")}
    shutil.rmtree(scratch / "labels")
    structures = [
        {"path": image, "bytes": (scratch / image).read_bytes()} for image in rows if os.path.exists(scratch / image)]
    pq.write_table(pa.table({"image": structures}), scratch / "few.parquet")
    run(f"{lines.strip().replace('few labels', 'few.parquet labels')} --columns image.path,image.bytes", scratch,
        FEATURES.name, kills=False)
    compare(rows_of(scratch / "labels"), [row for image, row in rows.items() if os.path.exists(scratch / image)])
    shutil.rmtree(scratch / "labels")
    done = subprocess.run(
        ["vitrun", "embed", FEATURES, few.name, "--recursive", "-o", "few.npy", "--quiet"], cwd=scratch, capture_output=True)
    if done.returncode not in (0, 1):
        raise Failure(f"vitrun embed: {done.stderr.decode()}")
    names = scratch.joinpath("few.names").read_text().splitlines()
    features = np.load(scratch / "few.npy")
    failed = [row for row in rows.values() if "error" in row]
    if len(names) + len(failed) != len(rows) or not failed:
        raise Failure(f"expected {len(names)} embeddings and the rest errors, found {len(rows)} rows, {len(failed)} errors")
    for name, values in zip(names, features):
        if not np.array_equal(np.asarray(rows[name]["embedding"], np.float32), values):
            raise Failure(f"{name}: expected the embedding of vitrun embed, found another")
    return f"{len(names)} embeddings"


def check_refusal(engine: str, scratch: Path) -> str:
    """An output that is there is left as it is."""
    kept = scratch / "labels"
    kept.mkdir()
    kept.joinpath("kept.txt").write_text("kept")
    try:
        run(blocks(engine)[0], scratch, "plan.bin", kills=False)
        raise Failure("labels: expected to be refused, as it is there, found exit code 0")
    except Failure as failure:
        if not str(failure).startswith("exit code 1") or sorted(os.listdir(kept)) != ["kept.txt"]:
            raise
    shutil.rmtree(kept)
    return "an output that is there is refused"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("images", nargs="?", type=Path, default=DEMO / "images", help="a folder of images (the demo's)")
    parser.add_argument("plan", nargs="?", type=Path, help="a plan that classifies them (the demo's)")
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--engines", default="xargs,ray,spark")
    arguments = parser.parse_args()
    failed = 0
    engines = arguments.engines.split(",")
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        scratch.joinpath("tools").symlink_to(ROOT / "tools")
        if arguments.plan:
            shutil.copyfile(arguments.plan, scratch / "plan.bin")
        else:
            make_demo_plan(scratch / "plan.bin")
        make_images(scratch / "photos", arguments.images, arguments.count)
        make_images(scratch / "few", arguments.images, 20)
        start = time.monotonic()
        done = subprocess.run(
            ["vitrun", "label", "plan.bin", "photos", "--recursive", "-o", "expected.jsonl", "--quiet"], cwd=scratch,
            capture_output=True, text=True)
        seconds = time.monotonic() - start
        if done.returncode != 1:
            sys.exit(f"check: vitrun label: expected exit code 1, of images that cannot be read, found {done.returncode}")
        expected = rows_of(scratch / "expected.jsonl")
        print(f"vitrun label: {len(expected)} images, {sum('error' in row for row in expected)} of them with an error, in "
              f"{seconds:.1f} s: {len(expected) / seconds:.1f} images/s", flush=True)
        make_parquet(scratch / "photos.parquet", scratch, [str(row["image"]) for row in expected])
        for engine in engines:
            checks = [lambda: check_labels(engine, scratch, expected)]
            if engine != "xargs":
                checks += [lambda: check_embeddings(engine, scratch), lambda: check_refusal(engine, scratch)]
            for check in checks:
                try:
                    print(f"{engine}: {check()}", flush=True)
                except Failure as failure:
                    print(f"{engine}: {failure}", flush=True)
                    failed += 1
                    for left in ("labels", "lists", "rows"):
                        shutil.rmtree(scratch / left, ignore_errors=True)
    print(f"check: {'ok' if failed == 0 else f'{failed} failed'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
