"""Fails each large allocation, each write, each read, each mapping and each thread of every command.

Usage: sweep.py [--binaries FOLDER] [--only WORDS] [--classes NAMES] [--most N] [--jobs N]

interpose.c is preloaded: it counts the calls of a class that a command makes and fails the n-th, and for
some n all later ones too. Then reads and writes are short, and interrupted. A command has to end with
exit code 1 and one line, with its older output as it was and nothing beside it, or has to go on to the
same result where there is another way. Prints a line for each command and class, and the faults, each
with its number n; closes with `N passed, N failed`, which counts runs. Takes some minutes.
"""

import argparse
import os
import struct
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from commands import OUT, Command, Inputs, Outcome, complaint, workers  # noqa: E402
from fixture import ROOT, Skipped, compiled  # noqa: E402

# As interpose.c has them.
CLASSES = ("allocation", "reserve", "protect", "mapping", "write", "create", "read", "thread")
RECORD = f"<{len(CLASSES)}QQ32sQ"
# Without these there is no result. Everything else has another way, or does not matter: an output can be
# made with a name, a folder is written sooner or later, and nobody has to read stderr.
VITAL = {"write", "write to stdout", "pwrite", "writev", "pwritev", "fsync", "fdatasync", "ftruncate"}
# Outputs where there was none, and on a file system that has no files without names.
FIRST = (
    Command("first convert", ("vitc", "convert", "half.safetensors", "-o", OUT), is_first=True),
    Command("first rewrite", ("vitc", "rewrite", "dense.plan", "--keep", "0.7", "-o", OUT), is_first=True),
)
NAMED = (
    Command("named convert", ("vitc", "convert", "half.safetensors", "-o", OUT)),
    Command("named preprocess", ("vitrun", "preprocess", "dense.plan", "noise.jpg", "-o", OUT)),
    Command("named first", ("vitc", "convert", "half.safetensors", "-o", OUT), is_first=True),
)


@dataclass
class Record:
    """What interpose.c saw."""

    calls: dict[str, int]
    failed: int
    # The first call that failed, and how much it was asked for.
    name: str = ""
    bytes: int = 0


@dataclass(frozen=True)
class Fault:
    """What fails: the n-th call of a class, or from there on; short or interrupted calls have no class."""

    kind: str
    number: int = 0
    onward: bool = False

    def environment(self) -> dict[str, str]:
        if self.kind not in CLASSES:
            return {f"SWEEP_{self.kind}": "1"} if self.kind else {}
        chosen = {"SWEEP_CLASS": self.kind, "SWEEP_NUMBER": str(self.number)}
        return chosen | ({"SWEEP_ONWARD": "1"} if self.onward else {})


class Sweep:
    """The runs of all commands, a few at a time."""

    def __init__(self, inputs: Inputs, library: Path, jobs: int, most: int):
        self.inputs = inputs
        self.library = library
        self.pool = workers(jobs)
        self.most = most
        self.passed = self.failed = 0

    def run(self, command: Command, fault: Fault) -> tuple[Outcome, Record]:
        """A run with that fault."""
        with tempfile.NamedTemporaryFile(dir=self.inputs.base) as counts:
            environment = {"LD_PRELOAD": str(self.library), "SWEEP_COUNTS": counts.name}
            if command in NAMED:
                environment["SWEEP_NAMED"] = "1"
            outcome = self.inputs.run(command, environment | fault.environment())
            data = Path(counts.name).read_bytes()
        if len(data) != struct.calcsize(RECORD):
            return outcome, Record({}, 0)
        *calls, failed, name, size = struct.unpack(RECORD, data)
        text = name.rstrip(b"\0").decode()
        return outcome, Record(dict(zip(CLASSES, calls)), failed, text, size)

    def sweep(self, command: Command, classes: list[str]) -> None:
        """All runs of a command."""
        usual, record = self.run(command, Fault(""))
        assert usual.code == 0, f"{command.name} does not work at all: {usual.error.strip()}"
        for kind in classes:
            if kind in CLASSES:
                count = record.calls[kind]
                faults = [Fault(kind, number) for number in spread(count, self.most)]
                faults += [Fault(kind, n, onward=True) for n in spread(count, self.most // 16 + 1)]
            else:
                count, faults = 1, [Fault(kind)]
            if faults:
                self.report(command, kind, count, faults, usual)

    def report(
        self, command: Command, kind: str, count: int, faults: list[Fault], usual: Outcome
    ) -> None:
        """Runs with each of the faults, and says how they ended."""
        runs = self.pool.map(lambda fault: self.run(command, fault), faults)
        refused = same = reached = 0
        found: dict[str, list[str]] = {}
        for fault, (outcome, record) in zip(faults, runs):
            problem = complaint(
                command,
                usual,
                outcome,
                may_go_on=record.name not in VITAL,
                later=fault.onward,
                may_skip=kind in ("read", "mapping"),
            )
            if kind not in CLASSES and problem is None and outcome.code != 0:
                problem = f"exit {outcome.code}"
            reached += record.failed > 0 or kind not in CLASSES
            if problem is None:
                self.passed += 1
                refused += outcome.code == 1
                same += outcome.code == 0
                continue
            self.failed += 1
            # Of the runtime's words the first line; what follows are addresses.
            said = outcome.error.partition("\nCurrent stack trace:")[0].strip().split("\n")
            said = [line for line in said if ": note: " not in line]
            number = f"{fault.number}{' and later' * fault.onward}" if fault.number else "all"
            size = f" of {record.bytes} bytes" if record.bytes else ""
            place = f"n = {number}" + (f" ({record.name}{size})" if record.name else "")
            found.setdefault(f"{problem}: {' | '.join(said)[:200]!r}", []).append(place)
        changed = self.inputs.untouched()
        if changed:
            self.failed += 1
            found[changed] = ["some n"]
            self.inputs.before = self.inputs.state()
        print(
            f"{command.name}, {kind.lower()}: {count} calls, {reached} runs with failures, "
            f"{refused} refused, {same} went on: {'OK' if not found else 'FAULTS'}",
            flush=True,
        )
        for problem, places in found.items():
            print(f"  {problem}")
            print(f"    {', '.join(places[:8])}" + f" and {len(places) - 8} more" * (len(places) > 8))


def spread(count: int, most: int) -> list[int]:
    """All numbers from 1 to `count`, or some that are evenly spaced."""
    if count <= most:
        return list(range(1, count + 1))
    return sorted({1 + step * (count - 1) // max(most - 1, 1) for step in range(most)})


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binaries", type=Path, default=ROOT / ".build" / "release")
    parser.add_argument("--only", help="a part of the names of the commands", default="")
    kinds = ",".join((*CLASSES, "SHORT", "EINTR"))
    parser.add_argument("--classes", help="what fails, separated by commas", default=kinds)
    parser.add_argument("--most", type=int, help="runs of a command and class", default=200)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        source = Path(__file__).with_name("interpose.c").read_text()
        try:
            library = compiled(base / "interpose", source)
        except Skipped as reason:
            print(f"skipped, {reason}")
            return 0
        binaries = arguments.binaries.absolute()
        inputs = Inputs(base, binaries, "deit_tiny_patch16_224", 2000, 1500)
        sweep = Sweep(inputs, library, arguments.jobs, arguments.most)
        for command in (*inputs.commands(), *FIRST, *NAMED):
            if arguments.only in command.name:
                sweep.sweep(command, arguments.classes.split(","))
    print(f"{sweep.passed} passed, {sweep.failed} failed")
    return 1 if sweep.failed else 0


if __name__ == "__main__":
    sys.exit(main())
