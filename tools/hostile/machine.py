"""What commands do on a machine that lacks something, or that changes under them.

The checks that faults.py runs without /proc, /tmp and an environment, with few descriptors, and on
processes that are stopped or moved to other processors while they work.
"""

from __future__ import annotations

import functools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Callable, Iterator

from commands import Command, Inputs, complaint
from fixture import Folder, Skipped
from memory import first_words, none_of, unloaded

# A mount namespace of its own, in which the first argument is run before the command.
APART = ("unshare", "--mount", "sh", "-c", '{} && exec "$@"', "sh")


def made(base: Path, binaries: Path) -> Inputs:
    """Inputs that every command is done with soon."""
    base.mkdir()
    return Inputs(base, binaries, "deit_tiny_patch16_224", 400, 300)


@functools.cache
def small_inputs(folder: Folder) -> Inputs:
    """Those of all checks that need no place of their own."""
    return made(folder.base / "small", folder.binaries)


def as_usual(inputs: Inputs, cases: Iterator[tuple[str, tuple[str, ...]]], **options) -> list[str]:
    """Runs every command in each way: its faults where it neither does the same nor says why not."""
    problems = []
    ways = list(cases)
    for command in inputs.commands():
        usual = inputs.run(command)
        assert usual.code == 0, f"{command.name} does not work: {first_words(usual.error)}"
        for name, prefix in ways:
            found = inputs.run(command, prefix=prefix, **options)
            if unloaded(found):
                continue
            problem = complaint(command, usual, found, later=True)
            if problem:
                problems.append(f"{command.name}, {name}: {problem}: {first_words(found.error)}")
    return problems


def apart(setup: str) -> tuple[str, ...]:
    """What runs a command after a change to what is mounted, which nobody else sees."""
    prefix = tuple(part.replace("{}", setup) for part in APART)
    if os.geteuid() != 0 or subprocess.run([*prefix, "true"], capture_output=True).returncode != 0:
        raise Skipped("changing what is mounted needs root")
    return prefix


def all_without_proc(folder: Folder) -> None:
    """Every command does the same where /proc is not mounted, or says what it lacks."""
    prefix = apart("umount -l /proc")
    inputs = small_inputs(folder)
    none_of(as_usual(inputs, iter([("without /proc", prefix)])))


def all_without_tmp(folder: Folder) -> None:
    """No command needs /tmp, which is empty and read-only here."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        base = Path(name)
        for tool in ("vitc", "vitrun"):
            shutil.copy(folder.binaries / tool, base / tool)
        prefix = apart("mount -t tmpfs -o ro,size=4k tmpfs /tmp")
        if subprocess.run([*prefix, "test", "-e", name], capture_output=True).returncode != 0:
            raise Skipped("/var/tmp is /tmp")
        inputs = made(base / "inputs", base)
        none_of(as_usual(inputs, iter([("without /tmp", prefix)])))


def all_without_environment(folder: Folder) -> None:
    """Nor does any need HOME, or a variable at all."""
    inputs = small_inputs(folder)
    ways = {
        "without HOME": ("env", "-u", "HOME"),
        "with a HOME that is not there": ("env", "HOME=/nowhere"),
        "without variables": ("env", "-i"),
        "with an unknown locale": ("env", "LC_ALL=xx_XX.NONE", "LANG=xx", "TZ=Nowhere/None"),
    }
    none_of(as_usual(inputs, iter(ways.items())))


def few_descriptors(folder: Folder) -> None:
    """With 3 to 8 descriptors each command does the same, or says that a file cannot be opened."""
    inputs = small_inputs(folder)
    ways = {
        f"{count} descriptors": ("sh", "-c", f'ulimit -n {count} && exec "$0" "$@"')
        for count in range(3, 9)
    }
    none_of(as_usual(inputs, iter(ways.items())))


def long_commands(inputs: Inputs) -> Iterator[Command]:
    """Commands that take a second or so."""
    images = inputs.classes * 20
    for threads in ("1", "3"):
        words = ("vitrun", "small.plan", *images, "--threads", threads)
        yield Command(f"label with {threads} threads", words)
        words = ("vitrun", "eval", "small.plan", "many", "--threads", threads)
        yield Command(f"eval with {threads} threads", words, skips=True)


def meddled(folder: Folder, meddle: Callable[[subprocess.Popen], None]) -> None:
    """Long commands that are meddled with while they run, which must not matter."""
    inputs = small_inputs(folder)
    many = inputs.folder / "many"
    many.mkdir()
    for number in range(60):
        source = inputs.folder / inputs.classes[number % len(inputs.classes)]
        os.link(source, many / f"{number}_{source.name}")
    problems = []
    for command in long_commands(inputs):
        usual = inputs.run(command)
        assert usual.code == 0, f"{command.name} does not work: {first_words(usual.error)}"
        found = inputs.run(command, meddle=meddle)
        problem = complaint(command, usual, found)
        if problem is None and found.code != 0:
            problem = f"exit {found.code}"
        if problem:
            problems.append(f"{command.name}: {problem}: {first_words(found.error)}")
    shutil.rmtree(many)
    none_of(problems)


def stopped_and_continued(folder: Folder) -> None:
    """A process that is stopped again and again comes to the same result."""

    def meddle(process: subprocess.Popen) -> None:
        while process.poll() is None:
            for number in (signal.SIGSTOP, signal.SIGCONT):
                process.send_signal(number)
                time.sleep(0.01)

    meddled(folder, meddle)


def moved_between_processors(folder: Folder) -> None:
    """So does one whose threads may use one processor now and all of them then."""
    every = sorted(os.sched_getaffinity(0))
    if len(every) < 2:
        raise Skipped("it takes two processors")

    def meddle(process: subprocess.Popen) -> None:
        step = 0
        while process.poll() is None:
            step += 1
            allowed = every if step % 3 == 0 else [every[step % len(every)]]
            try:
                for thread in os.listdir(f"/proc/{process.pid}/task"):
                    os.sched_setaffinity(int(thread), allowed)
            except (FileNotFoundError, ProcessLookupError):
                continue
            time.sleep(0.005)

    meddled(folder, meddle)


CHECKS: tuple[Callable[[Folder], None], ...] = (
    all_without_proc,
    all_without_tmp,
    all_without_environment,
    few_descriptors,
    stopped_and_continued,
    moved_between_processors,
)
