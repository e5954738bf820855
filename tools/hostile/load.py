"""Checks that memory stays flat over many images and that processes share one mapped plan.

Usage: load.py [--images N] [--processes N]

One vitrun gets a folder again and again until it has seen N images; its resident memory is read while
it prints. Then some processes run one plan at once, and the plan's part of their memory is added up as
the kernel shares it out (Pss). Closes with `N passed, N failed`.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BINARIES = ROOT / ".build" / "release"
DEMO = ROOT / "tools" / "demo"


def resident(process: int) -> int:
    """Resident KiB of a process."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


def shares(process: int, plan: Path) -> tuple[int, int]:
    """KiB of a mapped plan that are resident, and this process's share of them."""
    total, share, inside = 0, 0, False
    for line in Path(f"/proc/{process}/smaps").read_text().splitlines():
        words = line.split()
        if not words[0].endswith(":"):
            inside = words[-1] == str(plan)
        elif inside and words[0] in ("Rss:", "Pss:"):
            total += int(words[1]) * (words[0] == "Rss:")
            share += int(words[1]) * (words[0] == "Pss:")
    return total, share


def flat_memory(plan: Path, count: int) -> str | None:
    """Memory after the first tenth and at the end; a complaint if it grew by over 2 MiB."""
    images = DEMO / "images"
    each = len(list(images.glob("*.png")))
    repeats = -(-count // each)
    process = subprocess.Popen(
        [BINARIES / "vitrun", plan, *[images] * repeats, "--json", "--top", "1"],
        stdout=subprocess.PIPE,
        text=True,
    )
    early = late = seen = 0
    for _ in process.stdout:
        seen += 1
        if seen == repeats * each // 10:
            early = resident(process.pid)
        if seen % 100 == 0:
            late = resident(process.pid) or late
    process.wait()
    print(f"{seen} images: {early} KiB after a tenth of them, {late} KiB at the end")
    if process.returncode != 0 or seen != repeats * each:
        return f"exit {process.returncode} after {seen} images"
    return None if late <= early + 2048 else "memory grows"


def shared_plan(plan: Path, count: int) -> str | None:
    """The plan's pages are there once, whatever the number of processes."""
    images = [DEMO / "images"] * 2000
    processes = [
        subprocess.Popen(
            [BINARIES / "vitrun", plan, *images, "--threads", "1"],
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(count)
    ]
    try:
        for process in processes:
            process.stdout.readline()
        found = [shares(process.pid, plan) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    largest, together = max(total for total, _ in found), sum(share for _, share in found)
    print(f"{count} processes: {largest} KiB of the plan in each, {together} KiB in all of them")
    return None if 0 < largest and together <= largest * 1.2 + 64 else "the plan is not shared"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--processes", type=int, default=8)
    arguments = parser.parse_args()
    failed = 0
    with tempfile.TemporaryDirectory() as name:
        plan = Path(name) / "demo.plan"
        subprocess.run(
            [BINARIES / "vitc", "convert", DEMO / "model" / "dense.safetensors", "-o", plan, "--quiet"],
            check=True,
        )
        for problem in (
            flat_memory(plan, arguments.images),
            shared_plan(plan, arguments.processes),
        ):
            if problem:
                failed += 1
                print(problem)
    print(f"{2 - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
