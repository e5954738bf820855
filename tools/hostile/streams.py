"""What a command does when its streams, its limits or the names it is given are not as usual.

The checks that faults.py runs on the standard streams, on signals, and on texts and paths from outside.
"""

import itertools
import json
import os
import resource
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Callable

from fixture import Folder, OLD, IMAGES, Skipped, check_refusal, compiled

STREAMS = ("closed", "full", "pipe")


def stream(kind: str) -> int | None:
    """A descriptor that cannot be written to; None stands for a closed one."""
    if kind == "full":
        return os.open("/dev/full", os.O_WRONLY)
    if kind == "pipe":
        reader, writer = os.pipe()
        os.close(reader)
        return writer
    return None


def run(command: list, broken: int, kind: str) -> tuple[int, str]:
    """Exit code of a command whose stream 1 or 2 cannot be written to, and what it wrote to the other."""
    descriptor = stream(kind)
    names = {1: "stdout", 2: "stderr"}
    pipes = {names[3 - broken]: subprocess.PIPE, names[broken]: descriptor}
    closing = (lambda: os.close(broken)) if descriptor is None else None
    process = subprocess.run(command, preexec_fn=closing, timeout=60, **pipes)
    if descriptor is not None:
        os.close(descriptor)
    return process.returncode, (process.stdout or process.stderr or b"").decode()


def notes_nobody_reads(folder: Folder) -> None:
    """The exit code is what it would have been, and the other images are labelled."""
    bad = folder.base / "bad.bin"
    bad.write_bytes(b"nothing that is known")
    image = IMAGES[0]
    out = folder.base / "noted.plan"
    for kind in STREAMS:
        for words, code in (
            (["vitc", "verify", bad], 1),
            (["vitc", "verify"], 64),
            (["vitrun", folder.plan, bad], 1),
            (folder.convert(out)[:-1], 0),
            (folder.rewrite(out)[:-1], 0),
        ):
            found, _ = run(folder.command(words), 2, kind)
            assert found == code, f"stderr {kind}: {words[:2]} ended with {found}, not {code}"
        found, text = run(folder.command(["vitrun", folder.plan, bad, image]), 2, kind)
        assert found == 1, f"stderr {kind}: ended with {found}"
        assert text.startswith(str(image)), f"stderr {kind}: the other image is not labelled"


def results_nobody_reads(folder: Folder) -> None:
    """Exit code 1 and a line, for help and completion scripts too."""
    images = folder.base / "images"
    images.mkdir()
    shutil.copy(IMAGES[0], images / "8_image.png")
    plan, out = folder.plan, folder.base / "scheduled.plan"
    for words in (
        ["vitc", "--help"],
        ["vitc", "--version"],
        ["vitc", "help", "convert"],
        ["vitc", "rewrite", "--help"],
        ["vitc", "--generate-completion-script", "bash"],
        ["vitc", "architectures"],
        ["vitc", "inspect", plan],
        ["vitc", "inspect", plan, "--json"],
        ["vitc", "inspect", plan, "--graph"],
        ["vitc", "verify", plan],
        folder.rewrite(out)[:-1],
        ["vitrun", "--help"],
        ["vitrun", "--version"],
        ["vitrun", "help", "eval"],
        ["vitrun", "--generate-completion-script", "zsh"],
        ["vitrun", plan, IMAGES[0]],
        ["vitrun", plan, IMAGES[0], IMAGES[1], "--json"],
        ["vitrun", "eval", plan, images],
        ["vitrun", "bench", plan, "--seconds", "0.01"],
    ):
        for kind in STREAMS:
            code, error = run(folder.command(words), 1, kind)
            try:
                check_refusal(code, error, "standard output")
            except AssertionError as problem:
                raise AssertionError(f"stdout {kind}: {words[:3]}: {problem}")
    shutil.rmtree(images)


def closed_streams(folder: Folder) -> None:
    """A file that is opened later takes the place of none, so that no note lands in it."""
    out = folder.base / "out"
    out.mkdir(exist_ok=True)
    output = out / "out.plan"
    command = folder.convert(output)[:-1]
    folder.finish(command)
    whole = output.read_bytes()
    for count in (1, 2, 3):
        for closed in itertools.combinations((0, 1, 2), count):
            output.unlink()

            def close() -> None:
                for descriptor in closed:
                    os.close(descriptor)

            nowhere = subprocess.DEVNULL
            code = subprocess.run(
                command, preexec_fn=close, stdout=nowhere, stderr=nowhere, timeout=60
            ).returncode
            assert code == 0, f"{closed} closed: exit {code}"
            assert output.read_bytes() == whole, f"{closed} closed: another output"
    output.unlink()
    reading = ["vitrun", folder.plan, "-"]
    folder.refused(
        folder.command(reading), "found Bad file descriptor", preexec_fn=lambda: os.close(0)
    )


def file_size_limit(folder: Folder) -> None:
    """The system's limit on the size of files is an error in words."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    out = folder.base / "out"
    out.mkdir(exist_ok=True)
    output = out / "out.bin"
    preprocess = ["vitrun", "preprocess", folder.plan, IMAGES[0], "-o", output]
    for command in (folder.convert(output), folder.rewrite(output), folder.command(preprocess)):
        output.write_bytes(OLD)
        folder.refused(command, "File too large", preexec_fn=limit)
        assert output.read_bytes() == OLD and os.listdir(out) == ["out.bin"], os.listdir(out)
    output.unlink()


# A library that refuses files without names, as some file systems do, and sends a signal when the output
# is about to be put in place.
SIGNALS = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
static int open_named(const char *path, int flags, int mode) {
  if ((flags & O_TMPFILE) == O_TMPFILE) { errno = EOPNOTSUPP; return -1; }
  return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}
int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  int mode = va_arg(rest, int);
  va_end(rest);
  return open_named(path, flags, mode);
}
int open64(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  int mode = va_arg(rest, int);
  va_end(rest);
  return open_named(path, flags, mode);
}
int fsync(int file) {
  kill(getpid(), atoi(getenv("SEND")));
  return (int)syscall(SYS_fsync, file);
}
"""


def ended_by_signal(folder: Folder) -> None:
    """Exit codes 129, 130 and 143, and no temporary left; in the background SIGINT stays ignored."""
    library = compiled(folder.base / "signals", SIGNALS)
    out = folder.base / "ended"
    out.mkdir()
    output = out / "out.plan"
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        environment = {**os.environ, "LD_PRELOAD": str(library), "SEND": str(int(number))}
        for command in (folder.convert(output), folder.rewrite(output)):
            output.write_bytes(OLD)
            done = subprocess.run(command, env=environment, capture_output=True, timeout=60)
            assert done.returncode == 128 + number, f"{number.name}: exit {done.returncode}"
            assert os.listdir(out) == ["out.plan"], f"{number.name}: left {os.listdir(out)}"
            assert output.read_bytes() == OLD
        images = [str(IMAGES[0])] * 2000
        process = subprocess.Popen(
            folder.command(["vitrun", folder.plan, *images]), stdout=subprocess.PIPE
        )
        process.stdout.readline()
        process.send_signal(number)
        process.communicate(timeout=60)
        assert process.returncode == 128 + number, f"vitrun, {number.name}: {process.returncode}"
    environment = {**os.environ, "LD_PRELOAD": str(library), "SEND": str(int(signal.SIGINT))}
    ignoring = lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)
    subprocess.run(
        folder.convert(output), env=environment, check=True, capture_output=True, preexec_fn=ignoring
    )
    assert output.read_bytes() != OLD


# What a text must not have raw: control characters, line ends, what changes the direction of writing.
FORBIDDEN = set(map(chr, [*range(0x20), *range(0x7F, 0xA0), 0x61C, 0x200E, 0x200F, 0x2028, 0x2029]))
FORBIDDEN |= set(map(chr, [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]))
HOSTILE = "a\x1b[2J\u009b\u202eb\u2066c\x7f"


def lines_of(done: subprocess.CompletedProcess, stream: str = "stdout") -> list[str]:
    """The lines of a stream, none of which has what a text must not have."""
    lines = getattr(done, stream).decode().split("\n")
    assert lines.pop() == ""
    for line in lines:
        assert not FORBIDDEN & set(line), f"wrote {line!r}"
    return lines


def texts_from_outside(folder: Folder) -> None:
    """Labels and names are escaped in text, and are what they are in JSON."""
    labels, plan = folder.base / "labels.txt", folder.base / "labelled.plan"
    labels.write_text("".join(f"{HOSTILE}{number}\n" for number in range(1000)))
    folder.finish([*folder.convert(plan), "--labels", labels])
    images = folder.base / f"images\n{HOSTILE}"
    images.mkdir()
    image = images / f"good\r\n  0.9999  forged{HOSTILE}.png"
    shutil.copy(IMAGES[0], image)

    def call(*words) -> subprocess.CompletedProcess:
        return subprocess.run(folder.command(list(words)), capture_output=True, timeout=60)

    lines = lines_of(call("vitrun", plan, images, "--top", "3"))
    assert len(lines) == 4 and "\\u{D}\\u{A}  0.9999  forged" in lines[0], lines
    assert "a\\u{1B}[2J\\u{9B}\\u{202E}b\\u{2066}c\\u{7F}" in lines[1], lines
    (line,) = lines_of(call("vitrun", plan, images, "--json"))
    found = json.loads(line)
    assert found["image"] == str(image) and "image_bytes" not in found
    assert found["top"][0]["label"].startswith(HOSTILE)
    for words in (
        ["vitc", "verify", image],
        ["vitc", "inspect", image],
        ["vitrun", plan, f"{image}-missing"],
        ["vitrun", "eval", plan, images],
        ["vitc", "convert", image, "-o", images / "out"],
        ["vitc", "convert", folder.checkpoint, "-o", images / "none" / "out"],
        ["vitc", "convert", folder.checkpoint, "--arch", f"x\n{HOSTILE}", "-o", images / "out"],
    ):
        done = call(*words)
        assert done.returncode == 1 and len(lines_of(done, "stderr")) == 1, done.stderr
    usage = len(lines_of(call("vitc", "verify", "a", "b"), "stderr"))
    for argument in (f"x\nError: forged{HOSTILE}", f"--x\ny{HOSTILE}"):
        done = call("vitc", "verify", "a", argument)
        assert done.returncode == 64 and len(lines_of(done, "stderr")) == usage, done.stderr
    (line,) = lines_of(call("vitc", "verify", shutil.copy(plan, images / "copy.plan")))
    assert "intact" in line
    shutil.rmtree(images)


def paths_of_bytes(folder: Folder) -> None:
    """Paths that are no UTF-8 are read and written as they are."""
    base = os.path.join(os.fsencode(folder.base), b"bytes\xff\xc3")
    images = os.path.join(base, b"images\x80")
    os.makedirs(images)
    checkpoint = os.path.join(base, b"model\xfe.safetensors")
    shutil.copy(folder.checkpoint, checkpoint)

    def call(*words, code: int = 0) -> bytes:
        done = subprocess.run(folder.command(list(words)), capture_output=True, timeout=60)
        assert done.returncode == code, f"{words}: exit {done.returncode}: {done.stderr}"
        return done.stdout if code == 0 else done.stderr

    def holds(*names: bytes) -> None:
        found = sorted(set(os.listdir(base)) - {b"images\x80"})
        assert found == sorted(names), found

    names = [b"model\xfe.safetensors", b"out\xff.bin"]
    plan = os.path.join(base, names[1])
    call("vitc", "convert", checkpoint, "-o", plan, "--quiet")
    holds(*names)
    # The plan says what it was made of.
    assert b"model\\xFE.safetensors" in call("vitc", "inspect", plan)
    assert "model\ufffd.safetensors" in call("vitc", "inspect", plan, "--json").decode()
    # Over itself, in the place of an older one, and beside one that differs in that byte only.
    names.append(b"out\xfe.bin")
    call("vitc", "rewrite", plan, "--keep", "0.7", "-o", plan, code=1)
    for _ in range(2):
        call("vitc", "rewrite", plan, "--keep", "0.7", "-o", os.path.join(base, names[2]))
        holds(*names)
    os.symlink(b"out\xfe.bin", os.path.join(base, b"link\xff"))
    call("vitc", "convert", checkpoint, "-o", os.path.join(base, b"link\xff"), "--quiet")
    names.append(b"link\xff")
    holds(*names)
    # A checkpoint as a folder, its only file with another such name; labels from a third.
    inside = os.path.join(base, b"folder\xf0\x9f")
    os.mkdir(inside)
    os.rename(checkpoint, os.path.join(inside, b"\x80.safetensors"))
    names[0] = b"folder\xf0\x9f"
    labels = os.path.join(inside, b"labels\xff.txt")
    with open(labels, "w") as file:
        file.writelines(f"label {number}\n" for number in range(1000))
    call("vitc", "convert", inside, "--labels", labels, "-o", plan, "--quiet")
    holds(*names)
    assert b"label " in call("vitrun", plan, IMAGES[0])
    image = os.path.join(images, b"8_\xff\xe2\x82.png")
    shutil.copy(IMAGES[0], image)
    for argument in (images, image):
        text = call("vitrun", plan, argument)
        assert b"/bytes\\xFF\\xC3/images\\x80/8_\\xFF\\xE2\\x82.png\n" in text, text
        found = json.loads(call("vitrun", plan, argument, "--json").decode())
        assert bytes.fromhex(found["image_bytes"]) == image, found
        assert found["image"] == image.decode(errors="replace"), found
    call("vitrun", "eval", plan, images)
    error = call("vitrun", plan, os.path.join(base, b"none\xff"), code=1)
    assert b"/none\\xFF: file: expected a readable file" in error, error


def no_proc(folder: Folder) -> None:
    """The command line is read, and files are written, where /proc is not mounted."""
    out = folder.base / "no_proc.plan"
    hidden = ["unshare", "--mount", "sh", "-c", 'umount -l /proc && exec "$@"', "sh"]
    if os.geteuid() != 0 or subprocess.run([*hidden, "true"], capture_output=True).returncode != 0:
        raise Skipped("unmounting /proc needs root")
    folder.finish([*hidden, *folder.convert(out)])
    assert out.exists(), "wrote nothing"
    assert out.read_bytes() == folder.plan.read_bytes(), "another plan"
    folder.refused([*hidden, *folder.command(["vitc", "verify", folder.checkpoint])], "magic")


CHECKS: tuple[Callable[[Folder], None], ...] = (
    notes_nobody_reads,
    results_nobody_reads,
    closed_streams,
    file_size_limit,
    ended_by_signal,
    texts_from_outside,
    paths_of_bytes,
    no_proc,
)
