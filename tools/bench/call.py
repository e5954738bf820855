"""What a call from Python costs beside `vitrun bench`: milliseconds of one prepared image, in turn.

Usage: call.py PLAN [--rounds 12] [--seconds 0.7] [--threads 2]

A round is `vitrun bench` in a process of its own, then calls of `vitc.Session.run` in this one, which imports NumPy and
vitc alone; of both the median is taken, and of the rounds' differences. Needs the package vitc (pip install
./tools/python), and vitrun on the PATH.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import time

import numpy as np

import vitc


def bench(plan: str, threads: int, seconds: float) -> float:
    """The median that `vitrun bench` tells."""
    command = ["vitrun", "bench", plan, "--threads", str(threads), "--seconds", str(seconds), "--json"]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["median_ms"]


def calls(plan: str, threads: int, seconds: float) -> float:
    """The median of calls with one image."""
    with vitc.Session(plan, threads=threads) as session:
        shape = (1, session.channels, *session.input_size)
        image = np.random.default_rng(1).standard_normal(shape, np.float32)
        for _ in range(5):
            session.run(image)
        times: list[float] = []
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            start = time.perf_counter()
            session.run(image)
            times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("plan")
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--seconds", type=float, default=0.7)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    rounds = [
        (bench(options.plan, options.threads, options.seconds), calls(options.plan, options.threads, options.seconds))
        for _ in range(options.rounds)]
    more = sorted(call - own for own, call in rounds)
    own, call = (statistics.median(column) for column in zip(*rounds))
    print(f"one image: {call:.3f} ms a call, vitrun bench {own:.3f} ms; a call takes {statistics.median(more):.3f} ms more "
          f"({more[0]:.3f} to {more[-1]:.3f} in {len(rounds)} rounds)")


if __name__ == "__main__":
    main()
