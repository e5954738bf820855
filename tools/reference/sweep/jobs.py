"""Runs jobs in worker processes that may die without stopping the sweep."""

from __future__ import annotations

import queue
import re
import shutil
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

from .outcome import Outcome, Result
from .run import Crash, Sample, Tools

# A worker starts in seconds, and models leave memory behind.
JOBS_PER_WORKER = 120


class NotMeasured(Exception):
    """The reference cannot be had; the text says why."""


@dataclass(frozen=True)
class Job:
    """Cases that share one model. `produce` gets an empty folder and yields their samples."""

    cases: tuple[tuple[str, str], ...]
    produce: Callable[[Path], Iterable[Sample]]


def one_job(job: Job, wanted: frozenset[tuple[str, str]], tools: Tools, root: Path) -> list[Result]:
    """Measures the wanted cases of a job; whatever goes wrong becomes a row."""
    import torch

    torch.set_num_threads(1)
    folder = Path(tempfile.mkdtemp(dir=root))
    left = [case for case in job.cases if case in wanted]
    results = []
    start = time.monotonic()
    try:
        for sample in job.produce(folder):
            if (sample.suite, sample.name) not in left:
                continue
            left.remove((sample.suite, sample.name))
            result = _measured(sample, tools, folder)
            now = time.monotonic()
            results.append(replace(result, seconds=now - start))
            start = now
            if not left:
                break
    except Exception as error:
        why = _why(error)
        results += [Result(*case, Outcome.not_measured, why) for case in left]
        left = []
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return results + [Result(*case, Outcome.not_measured, "no sample was made") for case in left]


def _measured(sample: Sample, tools: Tools, folder: Path) -> Result:
    scratch = Path(tempfile.mkdtemp(dir=folder))
    try:
        return sample.measure(tools, scratch)
    except Crash as crash:
        return Result(sample.suite, sample.name, Outcome.crash, str(crash))
    except Exception as error:
        return Result(sample.suite, sample.name, Outcome.not_measured,
                      f"accepted, but the reference: {_why(error)}")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _why(error: Exception) -> str:
    if isinstance(error, NotMeasured):
        return str(error)
    place = traceback.extract_tb(error.__traceback__)[-1]
    text = " ".join(f"{type(error).__name__}: {error}".split())
    text = re.sub(r"(/[^\s:/'\"]+)+/", "", text)
    return f"{text[:200]} ({Path(place.filename).name}, line {place.lineno})"


def run_jobs(
    jobs: list[Job], wanted: frozenset[tuple[str, str]], tools: Tools, workers: int, root: Path
) -> Iterator[Result]:
    """Yields results as they come. Every thread has one worker process of its own, so that a worker
    that is killed costs its job only."""
    waiting: queue.Queue[Job] = queue.Queue()
    for job in jobs:
        waiting.put(job)
    done: queue.Queue[list[Result] | None] = queue.Queue()

    def pool() -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            1, mp_context=get_context("spawn"), max_tasks_per_child=JOBS_PER_WORKER)

    def work() -> None:
        worker = pool()
        while True:
            try:
                job = waiting.get_nowait()
            except queue.Empty:
                break
            try:
                done.put(worker.submit(one_job, job, wanted, tools, root).result())
            except Exception as error:
                why = ("the process that builds the model died"
                       if isinstance(error, BrokenProcessPool) else _why(error))
                done.put([Result(*case, Outcome.not_measured, why)
                          for case in job.cases if case in wanted])
                worker.shutdown()
                worker = pool()
        worker.shutdown()
        done.put(None)

    for _ in range(workers):
        threading.Thread(target=work, daemon=True).start()
    ended = 0
    while ended < workers:
        results = done.get()
        if results is None:
            ended += 1
        else:
            yield from results
