"""Every command on inputs of every kind, and what may come of it when something fails.

What sweep.py and memory.py have in common: inputs that are large enough for memory to matter, the
commands that get them, and the one way in which each may fail.
"""

from __future__ import annotations

import concurrent.futures
import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import archives
import large
import outputs
import plans
from fixture import OLD, ROOT

# Stands for the output, whose path is each run's own.
OUT = "{out}"
# A run that takes longer hangs.
PATIENCE = 60
# The environment, without the runtime's own words on a crash, which take longer than all the rest.
QUIET = {**os.environ, "SWIFT_BACKTRACE": "enable=no"}
JSON_TIMES = rb'"(decode|preprocess|model|images_per_second)": [0-9.e+-]+'


@dataclass(frozen=True)
class Command:
    """A command with the paths of its inputs; its output goes to a folder of the run's own."""

    name: str
    words: tuple[str, ...]
    stdin: str | None = None
    # Its images, if there are several: what is wrong with one concerns no other.
    images: tuple[str, ...] = ()
    # It counts the images that cannot be read, and ends with 0 unless that is all of them.
    skips: bool = False
    # There is no older output.
    is_first: bool = False
    # Its results are bytes on stdout.
    is_binary: bool = False
    # Its results are times.
    is_timed: bool = False

    @property
    def tool(self) -> str:
        return self.words[0]


@dataclass
class Outcome:
    """What a run came to."""

    code: int | None
    stdout: bytes
    error: str
    # Mode and bytes of what lies in the folder of its output, by name.
    files: dict[str, tuple[int, bytes]]
    seconds: float = 0.0


class Inputs:
    """A folder with inputs of every kind, as large as the model and the images are to be."""

    def __init__(self, base: Path, binaries: Path, architecture: str, width: int, height: int):
        self.base = base
        self.binaries = binaries
        self.folder = base / "inputs"
        self.folder.mkdir()
        self.make_checkpoints(architecture)
        self.make_texts()
        self.make_images(width, height)
        self.make_plans()
        self.before = self.state()

    def make_checkpoints(self, architecture: str) -> None:
        """One model as float16 and float32, in shards, as an archive, and its second scale as ONNX."""
        maker = ROOT / "tools" / "bench" / "random_checkpoint.py"
        both = self.base / "both.safetensors"
        subprocess.run([sys.executable, maker, architecture, both, "--multi-scale"], check=True)
        tensors = outputs.tensors_of(both.read_bytes())
        both.unlink()
        scales = {name: tensors[name] for name in tensors if name.startswith("multiscale.")}
        model = {name: tensors[name] for name in tensors if name not in scales}
        self.write("scales.safetensors", outputs.safetensors(scales))
        onnx, data = outputs.onnx_with_data(scales, "scales.data")
        self.write("scales.onnx", onnx)
        self.write("scales.data", data)
        self.write("half.safetensors", outputs.safetensors(model))
        self.write("full.safetensors", widened(model))
        arrays = [
            archives.member(
                archives.npy("".join(f"{side}," for side in shape), values, "<f2"),
                f"{name}.npy",
                deflated=number % 2 == 0,
            )
            for number, (name, (shape, values)) in enumerate(sorted(model.items()))
        ]
        self.write("model.npz", archives.archive(*arrays))
        (self.folder / "shards").mkdir()
        places = {name: f"shard{number % 2}.safetensors" for number, name in enumerate(model)}
        for shard in set(places.values()):
            part = {name: model[name] for name in model if places[name] == shard}
            self.write(f"shards/{shard}", outputs.safetensors(part))
        index = {"metadata": {}, "weight_map": places}
        self.write("shards/model.safetensors.index.json", json.dumps(index).encode())
        fixture = ROOT / "Tests" / "Fixtures" / "variants" / "torchscript_17" / "model.onnx"
        shutil.copy(fixture, self.folder / "model.onnx")

    def make_texts(self) -> None:
        """Labels and a configuration of over a megabyte each, and an array."""
        labels = "".join(f"{i}\tn{i:08}\t{'name ' * 300}{i}\n" for i in range(1000))
        self.write("labels.txt", labels.encode())
        config = {"num_heads": 3, "notes": "x" * (3 << 19)}
        self.write("config.json", json.dumps(config).encode())
        processor = {"image_processor_type": "ViTImageProcessor", "size": 224}
        self.write("processor.json", json.dumps(processor).encode())
        shape = (2, 3, 224, 224)
        self.write("tensor.npy", outputs.npy(shape))

    def make_images(self, width: int, height: int) -> None:
        """Images of every kind, and a folder that says what they show."""
        noise = large.noise()
        for name, data in {
            "noise.png": large.png(width, height, noise=noise),
            "interlaced.png": large.png(width, height, interlaced=True, noise=noise),
            "grey16.png": large.png(width, height, colour=0, depth=16, noise=noise),
            "noise.jpg": large.jpeg(width, height, noisy=True),
            "progressive.jpg": large.jpeg(width, height, "progressive"),
            "lossless.webp": large.webp_lossless(width, height),
            "lossy.webp": large.webp_lossy(width, height),
            "interlaced.gif": large.gif(width, height, interlaced=True),
            "runs.bmp": large.bmp_runs(width, height),
            "planes.tif": large.tiff_blocks(width, height, planes=3),
            "tiles.tif": large.tiff_blocks(width, height, tile=512),
        }.items():
            self.write(name, data)
        (self.folder / "classes").mkdir()
        for number, name in enumerate(("noise.png", "noise.jpg", "lossless.webp", "lossy.webp")):
            os.link(self.folder / name, self.folder / "classes" / f"{number}_{name}")
        classes = sorted(os.listdir(self.folder / "classes"))
        self.classes = tuple(f"classes/{name}" for name in classes)

    def make_plans(self) -> None:
        """Plans of the model, whole, with fewer tokens and of both."""
        convert = ("vitc", "convert", "half.safetensors", "--weights", "f16", "--quiet")
        rewrite = ("vitc", "rewrite", "dense.plan", "--keep", "0.7", "--quiet")
        for words in ((*convert, "-o", "dense.plan"), (*rewrite, "-o", "small.plan")):
            command = [self.binaries / words[0], *words[1:]]
            subprocess.run(command, cwd=self.folder, check=True, capture_output=True)
        both = [(self.folder / f"{name}.plan").read_bytes() for name in ("dense", "small")]
        self.write("combined.plan", plans.combined(*both, margin=1, share=1))

    def write(self, name: str, data: bytes) -> None:
        (self.folder / name).write_bytes(data)

    def state(self) -> dict[str, tuple[int, int, int]]:
        """What tells that a file was written to or replaced."""
        result = {}
        for path in sorted(self.folder.rglob("*")):
            status = path.stat()
            result[str(path)] = (status.st_ino, status.st_size, status.st_mtime_ns)
        return result

    def commands(self) -> list[Command]:
        """Every command on every kind of input."""
        scales = ("vitc", "rewrite", "dense.plan", "--keep", "0.7", "--multi-scale")
        result = [
            Command(f"convert {name}", ("vitc", "convert", *words.split(), "-o", OUT))
            for name, words in {
                "f32": "full.safetensors --quiet",
                "f16": "half.safetensors --weights f16",
                "to f32": "half.safetensors --quiet",
                "npz": "model.npz --quiet",
                "onnx": "model.onnx --quiet",
                "shards": "shards --quiet",
                "texts": "half.safetensors --labels labels.txt --config config.json "
                "--preprocessor processor.json --quiet",
            }.items()
        ]
        for name, words in {
            "keep": ("vitc", "rewrite", "dense.plan", "--keep", "0.7"),
            "tome": ("vitc", "rewrite", "dense.plan", "--keep", "0.9", "--strategy", "tome"),
            "multi-scale": (*scales, "--multiscale-weights", "scales.safetensors", "--quiet"),
            "combined": ("vitc", "rewrite", "combined.plan", "--dense"),
            "multi-scale onnx": (*scales, "--multiscale-weights", "scales.onnx", "--quiet"),
        }.items():
            result.append(Command(f"rewrite {name}", (*words, "-o", OUT)))
        for name, words in {
            "dense": ("dense.plan",),
            "rewritten": ("small.plan", "--dynamic-batch"),
            "external": ("dense.plan", "--external-data"),
        }.items():
            result.append(Command(f"export {name}", ("vitc", "export", *words, "-o", OUT)))
        for flags in ("", "--json", "--graph"):
            words = ("vitc", "inspect", "small.plan", *flags.split())
            result.append(Command(f"inspect {flags}".strip(), words))
        result.append(Command("inspect combined", ("vitc", "inspect", "combined.plan")))
        result.append(Command("verify", ("vitc", "verify", "small.plan")))
        result.append(Command("verify combined", ("vitc", "verify", "combined.plan")))
        result.append(Command("architectures", ("vitc", "architectures")))
        for name in (
            "noise.png", "interlaced.png", "grey16.png", "noise.jpg", "progressive.jpg",
            "lossless.webp", "lossy.webp", "interlaced.gif", "runs.bmp", "planes.tif", "tiles.tif",
        ):
            result.append(Command(f"label {name}", ("vitrun", "dense.plan", name, "--quiet")))
        several = ("vitrun", "small.plan", "--threads", "3")
        tensor = ("vitrun", "small.plan", "--tensor")
        result += [
            Command("label stdin", ("vitrun", "dense.plan", "-"), stdin="noise.jpg"),
            Command("label exif", ("vitrun", "dense.plan", "noise.jpg", "--exif", "apply")),
            Command("label read", ("vitrun", "dense.plan", "noise.jpg", "--no-mmap")),
            Command(
                "label cascade",
                ("vitrun", "small.plan", "noise.jpg", "--fallback", "dense.plan", "--margin", "1"),
            ),
            Command("label combined", ("vitrun", "combined.plan", "noise.jpg", "--json")),
            Command("label several", (*several, *self.classes), images=self.classes),
            Command("label folder", (*several, "classes", "--json"), images=self.classes),
            Command("label tokens", (*several, "noise.png", "--tokens", OUT)),
            Command(
                "eval",
                ("vitrun", "eval", "dense.plan", "classes", "--threads", "3"),
                images=self.classes,
                skips=True,
            ),
            Command(
                "eval against",
                ("vitrun", "eval", "dense.plan", "classes", "--labels", "labels.txt")
                + ("--against", "small.plan", "--json"),
                images=self.classes,
                skips=True,
            ),
            Command(
                "preprocess", ("vitrun", "preprocess", "dense.plan", "noise.png", "-o", OUT)
            ),
            Command(
                "preprocess stdout",
                ("vitrun", "preprocess", "dense.plan", "noise.jpg", "-o", "-"),
                is_binary=True,
            ),
            Command("tensor", (*tensor, "tensor.npy", "--logits", OUT)),
            Command(
                "tensor stdout",
                (*tensor, "-", "--logits", "-"),
                stdin="tensor.npy",
                is_binary=True,
            ),
            Command("visualise", ("vitrun", "small.plan", "noise.jpg", "--visualize", OUT)),
            Command(
                "bench",
                (
                    "vitrun", "bench", "small.plan", "dense.plan", "--batch", "1,2", "--iterations", "2",
                    "--per-step", "--csv", OUT,
                ),
                is_timed=True,
            ),
        ]
        return result

    def run(
        self,
        command: Command,
        environment: dict[str, str] | None = None,
        prefix: tuple[str, ...] = (),
        meddle: Callable[[subprocess.Popen], None] | None = None,
    ) -> Outcome:
        """Runs a command over an older output; its streams go to files, which cannot be full.

        `prefix` is what runs it, and `meddle` gets the process while it runs.
        """
        place = self.base / f"run-{threading.get_ident()}"
        shutil.rmtree(place, ignore_errors=True)
        out = place / "out"
        out.mkdir(parents=True)
        output = out / "output"
        if OUT in command.words and not command.is_first:
            output.write_bytes(OLD)
            output.chmod(0o640)
        words = [str(output) if word == OUT else word for word in command.words]
        streams = (place / "stdout", place / "stderr")
        start = time.monotonic()
        with open(self.folder / command.stdin if command.stdin else os.devnull, "rb") as stdin:
            with open(streams[0], "wb") as stdout, open(streams[1], "wb") as stderr:
                process = subprocess.Popen(
                    [*prefix, str(self.binaries / words[0]), *words[1:]],
                    stdin=stdin,
                    stdout=stdout,
                    stderr=stderr,
                    cwd=self.folder,
                    env={**QUIET, **(environment or {})},
                    start_new_session=True,
                )
        if meddle:
            meddle(process)
        code = waited(process, PATIENCE)
        files = {
            path.name: (outputs.mode(path), path.read_bytes()) for path in sorted(out.iterdir())
        }
        return Outcome(
            code,
            streams[0].read_bytes(),
            streams[1].read_bytes().decode(errors="replace").replace(str(output), OUT),
            files,
            time.monotonic() - start,
        )

    def untouched(self) -> str | None:
        """Which inputs changed; None if none did."""
        now = self.state()
        changed = {Path(p).name for p in {*now, *self.before} if now.get(p) != self.before.get(p)}
        return f"the inputs {sorted(changed)} changed" if changed else None


def waited(process: subprocess.Popen, patience: float) -> int | None:
    """The exit code of a process that leads a session; None if that had to be killed."""
    try:
        return process.wait(timeout=patience)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return None


def widened(tensors: outputs.Tensors) -> bytes:
    """A safetensors file of the same values as float32."""
    header, chunks, offset = {}, [], 0
    for name, (shape, values) in tensors.items():
        count = len(values) // 2
        wide = struct.pack(f"<{count}f", *struct.unpack(f"<{count}e", values))
        offsets = [offset, offset + len(wide)]
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": offsets}
        chunks.append(wide)
        offset += len(wide)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + b"".join(chunks)


def steady(command: Command, text: bytes) -> object:
    """What of a result is the same every time."""
    if command.is_timed:
        return sorted(set(re.findall(rb"[a-z_]+", text)))
    return re.sub(JSON_TIMES, b"", re.sub(rb"speed .*", b"", text))


def steady_files(command: Command, files: dict[str, tuple[int, bytes]]) -> dict[str, object]:
    """What of outputs is the same every time."""
    if not command.is_timed:
        return files
    return {name: (mode, steady(command, data)) for name, (mode, data) in files.items()}


def blocks(command: Command, text: bytes) -> list[bytes]:
    """What is said of each image, in their order; a block is lines or a JSON object."""
    if b"{" in text[:1]:
        return steady(command, text).splitlines(keepends=True)
    return re.split(rb"(?m)^(?=\S)", text)[1:]


def is_part(command: Command, usual: Outcome, found: Outcome) -> bool:
    """Whether stdout holds whole lines of the usual result, from its start."""
    if not found.stdout:
        return True
    if command.is_binary:
        return usual.stdout.startswith(found.stdout)
    if not found.stdout.endswith(b"\n"):
        return False
    if command.images and not command.skips:
        whole = blocks(command, usual.stdout)
        return all(block in whole for block in blocks(command, found.stdout))
    if command.is_timed or command.skips:
        return True
    return usual.stdout.startswith(found.stdout)


def complaint(
    command: Command, usual: Outcome, found: Outcome, may_go_on: bool = True, later: bool = False,
    may_skip: bool = False,
) -> str | None:
    """What is wrong with how a command took a failure; None if nothing is.

    It may go on with the same result where `may_go_on`, and without some images where `may_skip`.
    `later`: other calls may have failed as well.
    """
    if found.code is None:
        return f"does not end in {PATIENCE} s"
    if found.code < 0:
        return f"killed by {signal.Signals(-found.code).name}"
    if found.code not in (0, 1):
        return f"exit {found.code}"
    if found.error and not found.error.endswith("\n"):
        return "the last line on stderr is cut"
    # What is noted when all goes well is no complaint.
    noted = set(usual.error.splitlines())
    note = f"{command.tool}: note: "
    lines = [
        line for line in found.error.splitlines() if line not in noted and not line.startswith(note)
    ]
    named = [line for line in lines if names_image(command, line)]
    for line in lines:
        if not line.startswith(f"{command.tool}: "):
            return "a line is not the command's"
        if "expected " not in line or "found " not in line:
            return "a line does not say what was expected and found"
    if found.code == 0:
        if may_skip and command.skips and named:
            skipped = re.search(rb'skipped"?:? +(\d+)', found.stdout)
            is_counted = skipped is not None and int(skipped[1]) == len(named) == len(lines)
            return None if is_counted else "exit 0 and skipped images that are not counted"
        if steady(command, found.stdout) != steady(command, usual.stdout):
            return "exit 0 with another result"
        if steady_files(command, found.files) != steady_files(command, usual.files):
            return "exit 0 with another output"
        return None if may_go_on else "exit 0 as if nothing had failed"
    old = {"output": OLD} if OUT in command.words and not command.is_first else {}
    # An output that is in its place already stays there when what is said of it cannot be.
    is_same = steady_files(command, found.files) == steady_files(command, usual.files)
    is_whole = is_same and "standard output" in found.error
    if {name: data for name, (_, data) in found.files.items()} != old and not is_whole:
        left = sorted(set(found.files) - {"output"})
        return f"left {left}" if left else "the output is not what it was before"
    if not is_part(command, usual, found):
        return "wrote a part of a line, or another result"
    if not later and len(named) > 1:
        return f"{len(named)} images are given up for one failure"
    if command.skips:
        # Each image may have its line, before the one that says why there is no result.
        if len(lines) - len(named) != 1 and len(lines) != 1:
            return f"{len(lines)} lines on stderr"
    elif named:
        done = len(blocks(command, found.stdout))
        if len(lines) != len(named) or len(named) + done != len(command.images):
            return f"{len(lines)} lines on stderr and {done} images of {len(command.images)} done"
    elif len(lines) != 1:
        return f"{len(lines)} lines on stderr"
    return None


def names_image(command: Command, line: str) -> bool:
    """Whether a line is about one of several images."""
    return any(line.startswith(f"{command.tool}: {image}: ") for image in command.images)


def workers(count: int) -> concurrent.futures.ThreadPoolExecutor:
    """Threads that each run one command at a time."""
    return concurrent.futures.ThreadPoolExecutor(max_workers=count)
