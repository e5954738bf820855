"""Checks what happens when the machine or another program gets in the way of a command.

Usage: faults.py [--binaries FOLDER] [--only WORDS]

Disk full, a read-only folder, an input that changes or shrinks while it is read, two writers of one
output, and memory maps that are refused; what outputs.py has on outputs over inputs, streams.py on
streams, signals, texts and paths, usage.py on what is asked for by mistake, bulk.py on many images,
machine.py on machines that lack something, and memory.py on memory and time that would not do. sweep.py,
which is run apart, fails single allocations and calls. Each check prints a line; closes with `N passed, N
failed`. What needs root is skipped with a line saying so. Takes some eight minutes.
"""

import argparse
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Callable

sys.path.insert(0, str(Path(__file__).resolve().parent))

import bulk  # noqa: E402
import machine  # noqa: E402
import memory  # noqa: E402
import outputs  # noqa: E402
import streams  # noqa: E402
import usage  # noqa: E402
from fixture import OLD, IMAGES, ROOT, Folder, Skipped, check_refusal, compiled, small_disk  # noqa: E402


def disk_full(folder: Folder) -> None:
    """The old output stays, nothing else is left."""
    with small_disk(4096) as disk:
        for command in (folder.convert, folder.rewrite, folder.export):
            output = disk / "out.plan"
            output.write_bytes(OLD)
            folder.refused(command(output), "No space left")
            assert output.read_bytes() == OLD and os.listdir(disk) == ["out.plan"]


def read_only_folder(folder: Folder) -> None:
    """Nothing is written; root needs a read-only mount to be refused."""
    with small_disk(65536) as disk:
        (disk / "out.plan").write_bytes(OLD)
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        for command in (folder.convert, folder.rewrite, folder.export):
            folder.refused(command(disk / "out.plan"), "Read-only")
            assert (disk / "out.plan").read_bytes() == OLD


def disturb(folder: Folder, command: Callable[..., list], change: Callable[[Path], None]) -> None:
    """Converts, rewrites or exports a copy while it is changed, at ever later moments."""
    noticed = 0
    copy, out = folder.base / "copy", folder.base / "out"
    out.mkdir(exist_ok=True)
    whole = (folder.checkpoint if command == folder.convert else folder.plan).read_bytes()
    output = out / "out.plan"
    copy.write_bytes(whole)
    start = time.monotonic()
    folder.finish(command(output, copy))
    usual = time.monotonic() - start
    results = [output.read_bytes()]
    change(copy)
    if subprocess.run(command(output, copy), capture_output=True).returncode == 0:
        results.append(output.read_bytes())
    for step in range(20):
        copy.write_bytes(whole)
        output.write_bytes(OLD)
        process = subprocess.Popen(
            command(output, copy), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        time.sleep(usual * (step + 1) / 22)
        change(copy)
        error = process.communicate(timeout=60)[1].decode()
        assert os.listdir(out) == ["out.plan"], os.listdir(out)
        if process.returncode == 0:
            assert output.read_bytes() in results, "an output of neither version"
        else:
            noticed += 1
            check_refusal(process.returncode, error, "")
            assert output.read_bytes() == OLD
    output.unlink()
    assert noticed > 0, "never disturbed it"


def input_shortened(folder: Folder) -> None:
    """Reading past the end that a mapped file lost is an error, not a signal."""
    for command in (folder.convert, folder.rewrite, folder.export):
        disturb(folder, command, lambda path: os.truncate(path, 4096))


def input_changed(folder: Folder) -> None:
    """A plan of two versions of a checkpoint is not written."""

    def change(path: Path) -> None:
        with open(path, "r+b") as file:
            file.seek(-64, os.SEEK_END)
            file.write(bytes(64))

    for command in (folder.convert, folder.rewrite, folder.export):
        disturb(folder, command, change)


def plan_shortened(folder: Folder) -> None:
    """vitrun says so too; --no-mmap goes on."""
    plan = folder.base / "short.plan"
    images = [str(IMAGES[0])] * 400
    for flag in ([], ["--no-mmap"]):
        plan.write_bytes(folder.plan.read_bytes())
        process = subprocess.Popen(
            [folder.binaries / "vitrun", plan, *images, *flag],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        process.stdout.readline()
        os.truncate(plan, 4096)
        if flag:
            time.sleep(0.2)
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)
            assert process.returncode == 128 + signal.SIGTERM, process.returncode
        else:
            error = process.communicate(timeout=60)[1].decode()
            check_refusal(process.returncode, error, "shortened")


def two_writers(folder: Folder) -> None:
    """Whoever ends last wins, and the output is whole."""
    out = folder.base / "both"
    out.mkdir()
    output = out / "out.plan"
    folder.finish(folder.convert(output))
    wholes = {output.read_bytes()}
    folder.finish(folder.rewrite(output))
    wholes.add(output.read_bytes())
    for _ in range(20):
        writers = [
            subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            for command in (folder.convert(output), folder.rewrite(output), folder.rewrite(output))
        ]
        for writer in writers:
            error = writer.communicate(timeout=60)[1]
            assert writer.returncode == 0, error
        assert output.read_bytes() in wholes and os.listdir(out) == ["out.plan"]


# A library that refuses to map files, as some file systems do.
NO_MAPPING = """
#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
void *mmap(void *at, size_t count, int protection, int flags, int file, off_t offset) {
  if (file < 0) return (void *)syscall(SYS_mmap, at, count, protection, flags, file, offset);
  errno = ENODEV;
  return MAP_FAILED;
}
"""


def mapping_refused(folder: Folder) -> None:
    """Files are read instead, with the same result; without the memory for that, it is said."""
    library = compiled(folder.base / "no_mapping", NO_MAPPING)
    preloaded = {**os.environ, "LD_PRELOAD": str(library)}
    out = folder.base / "read.plan"
    label = folder.command(["vitrun", folder.plan, IMAGES[0]])
    for command in (folder.convert(out), folder.rewrite(out), folder.export(out), label):
        results = []
        for environment in (None, preloaded):
            done = subprocess.run(command, check=True, capture_output=True, env=environment)
            results.append((done.stdout, out.read_bytes()))
        assert results[0] == results[1], command

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (32 << 20, 32 << 20))

    out.unlink()
    folder.refused(folder.rewrite(out), "memory", preexec_fn=limit)
    assert not out.exists()


CHECKS = (
    disk_full,
    read_only_folder,
    input_shortened,
    input_changed,
    plan_shortened,
    two_writers,
    mapping_refused,
    *outputs.CHECKS,
    *streams.CHECKS,
    *usage.CHECKS,
    *bulk.CHECKS,
    *machine.CHECKS,
    *memory.CHECKS,
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binaries", type=Path, default=ROOT / ".build" / "release")
    parser.add_argument("--only", help="a part of the names of the checks to run", default="")
    arguments = parser.parse_args()
    passed = failed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Folder(Path(name), arguments.binaries.absolute())
        for check in CHECKS:
            title = check.__name__.replace("_", " ")
            if arguments.only not in title:
                continue
            try:
                check(folder)
            except Skipped as reason:
                print(f"{title}: skipped, {reason}")
            except (AssertionError, subprocess.SubprocessError) as problem:
                failed += 1
                print(f"{title}: {problem}")
            else:
                passed += 1
                print(f"{title}: passed")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
