"""Times a plan by which each image keeps its own number of tokens beside a static plan of the same numbers.

Usage: adaptive.py [--rounds N] [--seconds S] [--batch N,...] [--threads N] [--folder FOLDER]

DeiT-S on random weights with ATS in block 4, whose attention is made sharp enough for about half of the tokens to stay.
The static plan is `vitc rewrite --strategy drop`, which has the same steps in the same places, with as many tokens gone
behind that block as ATS leaves out of the images that `vitrun bench` makes, rounded to a whole number. Rounds are interleaved,
so that a machine that slows down slows both; medians over rounds are printed. Fails where the adaptive plan takes more than
LIMIT of the static one's time.

Needs nothing but Python's standard library and `.build/release` (tools/setup.sh).
"""

from __future__ import annotations

import argparse
import json
import statistics
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BINARIES = ROOT / ".build" / "release"
ARCHITECTURE, BLOCK = "deit_small_patch16_224", 4
SHARPNESS = 2.25
LIMIT = 1.10


def sharpen(checkpoint: Path) -> None:
    """Makes the gain of the norm before the block's attention SHARPNESS, in place of 1."""
    data = bytearray(checkpoint.read_bytes())
    (length,) = struct.unpack_from("<Q", data)
    start, end = json.loads(data[8 : 8 + length])[f"blocks.{BLOCK - 1}.norm1.weight"]["data_offsets"]
    count = (end - start) // 2
    struct.pack_into(f"<{count}e", data, 8 + length + start, *[SHARPNESS] * count)
    checkpoint.write_bytes(data)


def vitc(*arguments: object) -> None:
    subprocess.run([BINARIES / "vitc", *map(str, arguments), "--quiet"], check=True, stdout=subprocess.DEVNULL)


def bench(plan: Path, batch: int, threads: int, *length: object) -> dict:
    command = [BINARIES / "vitrun", "bench", plan, "--batch", batch, "--threads", threads, *length, "--json"]
    return json.loads(subprocess.run(list(map(str, command)), check=True, capture_output=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--batch", default="1,8")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    folder = arguments.folder or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    checkpoint, dense, adaptive = (folder / name for name in ("deit.safetensors", "dense.bin", "ats.bin"))
    maker = ROOT / "tools" / "bench" / "random_checkpoint.py"
    subprocess.run([sys.executable, maker, ARCHITECTURE, checkpoint], check=True)
    sharpen(checkpoint)
    vitc("convert", checkpoint, "--arch", ARCHITECTURE, "-o", dense)
    vitc("convert", checkpoint, "--arch", ARCHITECTURE, "--method", "ats", "--layers", BLOCK, "-o", adaptive)
    slow = False
    for batch in map(int, arguments.batch.split(",")):
        found = bench(adaptive, batch, arguments.threads, "--iterations", 1)
        tokens = found["adaptive_tokens"][0]
        # Of 196 patches and the class token.
        removed = [0] * (BLOCK - 1) + [197 - round(tokens["mean"])]
        static = folder / f"drop-{batch}.bin"
        vitc("rewrite", dense, "--strategy", "drop", "--remove", ",".join(map(str, removed)), "-o", static)
        times: dict[Path, list[float]] = {adaptive: [], static: []}
        gmacs: dict[Path, float] = {}
        for _ in range(arguments.rounds):
            for plan, own in times.items():
                result = bench(plan, batch, arguments.threads, "--seconds", arguments.seconds)
                own.append(result["median_ms"])
                gmacs[plan] = result.get("adaptive_gmacs", {}).get("mean", result["executed_gmacs"])
        ratio = statistics.median(a / b for a, b in zip(times[adaptive], times[static]))
        slow = slow or ratio > LIMIT
        own, other = (f"{statistics.median(times[p]):.1f} ms ({gmacs[p]:.3f} GMACs)" for p in (adaptive, static))
        print(
            f"batch {batch}: {tokens['mean']:.1f} tokens ({tokens['least']:.0f} to {tokens['most']:.0f}); "
            f"adaptive {own}, static {other}: {ratio:.3f}", flush=True)
    if slow:
        sys.exit(f"more than {LIMIT} of the static plan's time")


if __name__ == "__main__":
    main()
