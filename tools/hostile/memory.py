"""What commands do when memory or time would not do: a limit, huge texts, huge images, endless plans.

The checks that faults.py runs on memory that the system refuses, and on inputs that ask for more of it, or
of time, than their size lets one think.
"""

from __future__ import annotations

import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Callable, Iterator

import large
import outputs
import plans
from commands import QUIET, Command, Inputs, Outcome, complaint, waited, workers
from fixture import IMAGES, Folder

MIB = 1 << 20
# Commands that differ from others only in how they are told what to do.
SIMILAR = {
    "convert to f32", "rewrite tome", "rewrite multi-scale onnx", "inspect --json", "inspect --graph",
    "label grey16.png", "label stdin", "label exif", "label read", "label folder", "visualise",
}
# Address space in MB at which every command is tried.
LIMITS = (40, 45, 50, 60, 80, 100, 130, 170, 220, 300, 400, 600, 900, 1400)


def none_of(problems: list[str]) -> None:
    """Fails with all of the problems, a line each."""
    assert not problems, f"{len(problems)} faults\n  " + "\n  ".join(problems)


def first_words(error: str) -> str:
    """What a command said, without the addresses of a crash."""
    return repr(error.partition("\nCurrent stack trace:")[0].strip()[:200])


# What runs a command, and writes its exit status and peak. A process of its own: the peak that the system
# notes begins with the memory of whoever started the command.
LAUNCH = """
import os, sys
process = os.fork()
if process == 0:
    os.execv(sys.argv[2], sys.argv[2:])
_, status, usage = os.wait4(process, 0)
with open(sys.argv[1], "w") as file:
    file.write(f"{os.waitstatus_to_exitcode(status)} {usage.ru_maxrss << 10}")
"""


def measured(
    folder: Folder, words: list, patience: float = 60
) -> tuple[int | None, str, str, int]:
    """Exit code, stdout and stderr of a command, and the bytes that were resident at most."""
    with tempfile.TemporaryDirectory(dir=folder.base) as name:
        report, stdout, stderr = (Path(name) / part for part in ("report", "stdout", "stderr"))
        launch = [sys.executable, "-S", "-E", "-c", LAUNCH, report, *folder.command(words)]
        with open(stdout, "wb") as out, open(stderr, "wb") as error:
            process = subprocess.Popen(
                launch, stdout=out, stderr=error, env=QUIET, start_new_session=True
            )
        ended = waited(process, patience) is not None
        code, peak = map(int, report.read_text().split()) if ended else (None, 0)
        return code, *(p.read_bytes().decode(errors="replace") for p in (stdout, stderr)), peak


def answer(code: int | None, error: str, tool: str) -> str | None:
    """What is wrong with how a command ended, which may have done its work; None if nothing is."""
    if code is None:
        return "does not end"
    if code == 0:
        return None
    lines = [line for line in error.splitlines() if not line.startswith(f"{tool}: note: ")]
    if code != 1 or len(lines) != 1 or "expected " not in lines[0] or "found " not in lines[0]:
        return f"exit {code}: {first_words(error)}"
    return None


def unloaded(outcome: Outcome) -> bool:
    """Whether the command did not even start: the system could not load it, or its libraries."""
    if outcome.stdout or outcome.error.count("\n") != 1:
        return False
    if outcome.code == 126:
        return ": Cannot allocate memory" in outcome.error
    return outcome.code == 127 and ": error while loading shared libraries: " in outcome.error


def limited(megabytes: int) -> tuple[str, ...]:
    """What runs a command in that much address space."""
    return ("sh", "-c", f'ulimit -v {megabytes * 1000} && exec "$0" "$@"')


def try_limits(inputs: Inputs, command: Command) -> tuple[list[str], str]:
    """Runs a command with ever less memory: its faults, and how its runs ended."""
    usual = inputs.run(command)
    assert usual.code == 0, f"{command.name} does not work: {first_words(usual.error)}"
    seen: dict[int, Outcome] = {}

    def at(megabytes: int) -> Outcome:
        if megabytes not in seen:
            seen[megabytes] = inputs.run(command, prefix=limited(megabytes))
        return seen[megabytes]

    for megabytes in LIMITS:
        at(megabytes)
    # The step from failure to success, and what lies below it.
    enough = [megabytes for megabytes in LIMITS if seen[megabytes].code == 0]
    high = min(enough, default=LIMITS[-1])
    low = max((megabytes for megabytes in LIMITS if megabytes < high), default=high)
    while high - low > 1 and command.name not in SIMILAR:
        middle = (low + high) // 2
        low, high = (low, middle) if at(middle).code == 0 else (middle, high)
    if command.name not in SIMILAR:
        for megabytes in range(max(high - 20, LIMITS[0]), high):
            at(megabytes)
    found: dict[str, list[int]] = {}
    unstarted = [megabytes for megabytes in seen if unloaded(seen[megabytes])]
    refused = 0
    for megabytes, outcome in sorted(seen.items()):
        if megabytes in unstarted:
            continue
        # More than one allocation may be refused.
        problem = complaint(command, usual, outcome, later=True)
        refused += problem is None and outcome.code == 1
        if problem:
            said = re.sub(r"\d+", "#", first_words(outcome.error))
            found.setdefault(f"{problem}, said {said}", []).append(megabytes)
    faults = [
        f"{command.name} in {', '.join(map(str, sizes))} MB: {problem}"
        for problem, sizes in found.items()
    ]
    changed = inputs.untouched()
    summary = f"{len(seen)} runs, {len(unstarted)} not loaded, {refused} refused, works in {high} MB"
    return faults + ([f"{command.name}: {changed}"] if changed else []), summary


def little_memory(folder: Folder) -> None:
    """Every command in 40 MB to 1.4 GB: the right result, or exit code 1 and one line.

    Below some limit the system cannot load the command, which the command cannot help.
    """
    base = folder.base / "limits"
    base.mkdir()
    inputs = Inputs(base, folder.binaries, "deit_small_patch16_224", 4000, 3000)
    faults = []
    with workers(len(os.sched_getaffinity(0))) as pool:
        commands = inputs.commands()
        for command, (found, summary) in zip(
            commands, pool.map(lambda command: try_limits(inputs, command), commands)
        ):
            faults += found
            print(f"  {command.name}: {summary}, {len(found)} faults", flush=True)
    shutil.rmtree(base)
    none_of(faults)


SIZE = 16_000_000


def many(text: str, size: int = SIZE) -> bytes:
    """A text again and again, with its number in the place of `#`."""
    parts, total, number = [], 0, 0
    while total < size:
        parts.append(text.replace("#", str(number)))
        total += len(parts[-1])
        number += 1
    return "".join(parts).encode()


def label_texts() -> Iterator[tuple[str, bytes]]:
    """Labels of 16 MB: few long lines, or millions of short ones."""
    yield "a thousand long lines", b"".join(b"x" * 16_000 + b"\n" for _ in range(1000))
    yield "a thousand long numbered lines", many("#\tn#\t" + "name " * 3200 + "\n", SIZE - 32_000)
    yield "one line", b"x" * SIZE
    yield "empty lines", b"\n" * SIZE
    yield "short lines", b"a\n" * (SIZE // 2)
    yield "numbered lines", many("#\tn#\ta\n")
    yield "the same number", b"7\tn7\ta\n" * (SIZE // 7)
    yield "tabs", b"\t" * SIZE
    yield "carriage returns", b"a\r\n" * (SIZE // 3)
    yield "bytes that are no text", b"\xff\n" * (SIZE // 2)
    yield "accents", "é\n".encode() * (SIZE // 3)


def configurations() -> Iterator[tuple[str, bytes]]:
    """Configurations of 16 MB, in the shapes that take a reader the most."""

    def array(value: str, count: int | None = None) -> bytes:
        values = count or SIZE // (len(value) + 1)
        return b'{"a":[' + ",".join([value] * values).encode() + b"]}"

    yield "millions of digits", array("0")
    yield "a million numbers", array("0.123456789012", 1_000_000)
    yield "a million texts", array('"' + "x" * 13 + '"', 1_000_000)
    yield "a million empty objects", array("{}", 1_000_000)
    yield "half a million objects", array('{"key":123456789012345678901}', 500_000)
    yield "arrays in arrays", array("[[[[[[[" + "1" * 113 + "]]]]]]]", 125_000)
    yield "short arrays in arrays", array("[[[[[[[0]]]]]]]", 125_000)
    yield "a million names", b"{" + many('"k#":0,', 12_000_000) + b'"z":0}'
    yield "labels by number", b'{"id2label":{' + many('"#":"name of #",') + b'"z":"z"}}'
    yield "one text", b'{"a":"' + b"x" * SIZE + b'"}'
    yield "one text of escapes", b'{"a":"' + b"\\u00e9" * (SIZE // 6) + b'"}'
    yield "one text of line ends", b'{"a":"' + b"\\n" * (SIZE // 2) + b'"}'
    yield "one name", b'{"' + b"x" * SIZE + b'":0}'
    yield "one number", b'{"a":' + b"1" * SIZE + b"}"
    yield "spaces", b'{"a":0' + b" " * SIZE + b"}"
    yield "the class's name", b'{"architecture":"' + b"x" * SIZE + b'"}'


def large_texts(folder: Folder) -> None:
    """Labels and configurations of 16 MB take at most four times that and 64 MB."""
    problems = []
    out, text, images = folder.base / "out.plan", folder.base / "text", folder.base / "large"
    images.mkdir()
    shutil.copy(IMAGES[0], images / "7_image.png")
    convert = ["vitc", "convert", folder.checkpoint, "-o", out, "--quiet"]
    for flag, texts in (
        ("--labels", label_texts), ("--config", configurations), ("--preprocessor", configurations)
    ):
        for name, data in texts():
            text.write_bytes(data)
            cases = [[*convert, flag, text]]
            if flag == "--labels":
                cases.append(["vitrun", "eval", folder.plan, images, flag, text, "--quiet"])
            for words in cases:
                code, _, error, peak = measured(folder, words)
                problem = answer(code, error, words[0])
                allowed = 4 * len(data) + 64 * MIB
                if problem is None and peak > allowed:
                    problem = f"{peak // MIB} MiB, not {allowed // MIB} (exit {code})"
                if code != 0 and out.exists():
                    problem = "left an output"
                if problem:
                    problems.append(f"{' '.join(words[:2])} {flag}, {name}: {problem}")
                out.unlink(missing_ok=True)
    text.unlink()
    shutil.rmtree(images)
    none_of(problems)


def many_pixels() -> Iterator[tuple[str, int, Callable[[], bytes]]]:
    """Images of 60 million pixels in few bytes."""
    width, height = 10_000, 6_000
    for name, colour, depth in (
        ("RGB", 2, 8), ("grey", 0, 8), ("RGBA", 6, 8), ("16-bit RGB", 2, 16), ("palette", 3, 8)
    ):
        yield f"{name} PNG", width * height, lambda c=colour, d=depth: large.png(width, height, c, d)
    for sides in ((1, 60_000_000), (60_000_000, 1)):
        name = f"PNG of {sides[0]} x {sides[1]}"
        yield name, width * height, lambda sides=sides: large.png(*sides)
    for name, colour in (("RGB", 2), ("RGBA", 6)):
        make = lambda c=colour: large.png(width, height, c, interlaced=True)
        yield f"interlaced {name} PNG", width * height, make
    for kind in ("baseline", "progressive", "arithmetic"):
        yield f"{kind} JPEG", width * height, lambda kind=kind: large.jpeg(width, height, kind)
    yield "lossless WebP", width * height, lambda: large.webp_lossless(width, height)
    yield "lossy WebP", width * height, lambda: large.webp_lossy(width, height)
    for name, interlaced in (("GIF", False), ("interlaced GIF", True)):
        yield name, width * height, lambda interlaced=interlaced: large.gif(width, height, interlaced)
    yield "BMP in runs", width * height, lambda: large.bmp_runs(width, height)
    for name, tile, planes in (
        ("TIFF in a strip", None, 1), ("TIFF in tiles", 256, 1), ("TIFF in two tiles", height, 1),
        ("TIFF in planes", None, 3), ("TIFF in planes of tiles", 512, 3),
    ):
        yield name, width * height, lambda t=tile, p=planes: large.tiff_blocks(width, height, t, p)


# Kinds that decoders keep more of than their rows.
MANY_AT_ONCE = ("RGB PNG", "interlaced RGBA PNG", "progressive JPEG", "lossless WebP", "TIFF in two tiles")


def has_option(folder: Folder, option: str, *words: str) -> bool:
    """Whether a command's help speaks of an option."""
    command = folder.command([*words, "--help"])
    return option in subprocess.run(command, capture_output=True, check=True).stdout.decode()


def large_images(folder: Folder) -> None:
    """Few bytes that decode to many pixels take 64 MB and four bytes a pixel at most."""
    problems = []
    base = folder.base / "pixels"
    base.mkdir()
    out = base / "out.npy"

    def commands(image: Path, *flags: str) -> Iterator[list]:
        yield ["vitrun", "preprocess", folder.plan, image, "-o", out, *flags]
        yield ["vitrun", folder.plan, image, *flags]

    def check(name: str, words: list, allowed: int, fails: bool | None = None) -> str:
        code, _, error, peak = measured(folder, words)
        problem = answer(code, error, "vitrun")
        if problem is None and peak > allowed:
            problem = f"{peak // MIB} MiB, not {allowed // MIB} (exit {code})"
        if problem is None and fails is not None and fails != (code == 1):
            problem = f"exit {code}: {first_words(error)}"
        if problem:
            title = "preprocess" if words[1] == "preprocess" else "label"
            problems.append(f"{title}, {name}: {problem}")
        return error

    for number, (name, pixels, make) in enumerate(many_pixels()):
        image = base / f"{number}_image"
        image.write_bytes(make())
        for words in commands(image):
            check(name, words, 64 * MIB + 4 * pixels)
    # 144 million pixels, with the user's leave and without.
    image = base / "x_large.png"
    image.write_bytes(large.png(12_000, 12_000))
    for words in commands(image):
        error = check("PNG of 12000 x 12000", words, 64 * MIB, fails=True)
        # However the digits are grouped.
        numbers = re.sub(r"(?<=\d)[ ,_](?=\d)", "", error)
        if "144000000" not in numbers or "64000000" not in numbers:
            problems.append(f"the line does not name 144000000 and the limit: {first_words(error)}")
    options = {
        name: has_option(folder, "--max-pixels", "vitrun", name)
        for name in ("label", "preprocess", "eval")
    }
    problems += [f"{name} has no --max-pixels" for name, is_there in options.items() if not is_there]
    if all(options.values()):
        for words in commands(image, "--max-pixels", "200000000"):
            check("PNG of 12000 x 12000, allowed", words, 400 * MIB, fails=False)
    image.unlink()
    # Threads do not multiply that. Of each kind sixteen, or what takes little would run beside the rest.
    images = base / "images"
    images.mkdir()
    for number, (name, _, _) in enumerate(many_pixels()):
        if name not in MANY_AT_ONCE:
            continue
        for image in range(16):
            os.link(base / f"{number}_image", images / f"{image}_image.png")
        words = ["vitrun", "eval", folder.plan, images, "--threads", "16"]
        code, _, error, peak = measured(folder, words, patience=120)
        if code != 0:
            problems.append(f"eval of 16, {name}: exit {code}: {first_words(error)}")
        elif peak > 1152 * MIB:
            problems.append(f"eval of 16, {name}: {peak // MIB} MiB, not 1152")
        for image in images.iterdir():
            image.unlink()
    shutil.rmtree(base)
    none_of(problems)


def endless_checkpoint() -> bytes:
    """A checkpoint of a few megabytes with attention between 262,145 tokens."""
    width, depth, side = 16, 12, 512
    shapes = {
        "cls_token": [1, 1, width], "pos_embed": [1, side * side + 1, width],
        "patch_embed.proj.weight": [width, 3, 1, 1], "patch_embed.proj.bias": [width],
        "norm.weight": [width], "norm.bias": [width], "head.weight": [1000, width],
        "head.bias": [1000],
    }
    for block in range(depth):
        for name, shape in {
            "norm1.weight": [width], "norm1.bias": [width], "norm2.weight": [width],
            "norm2.bias": [width], "attn.qkv.weight": [3 * width, width],
            "attn.qkv.bias": [3 * width], "attn.proj.weight": [width, width],
            "attn.proj.bias": [width], "mlp.fc1.weight": [4 * width, width],
            "mlp.fc1.bias": [4 * width], "mlp.fc2.weight": [width, 4 * width],
            "mlp.fc2.bias": [width],
        }.items():
            shapes[f"blocks.{block}.{name}"] = shape
    return outputs.safetensors(
        {name: (shape, bytes(2 * math.prod(shape))) for name, shape in shapes.items()}
    )


def endless_plans(folder: Folder) -> None:
    """A plan that asks for hours, or for 5 GiB an image, is refused within a second without leave."""
    base = folder.base / "endless"
    base.mkdir()
    checkpoint, hours, arena = (base / name for name in ("w.safetensors", "hours.plan", "arena.plan"))
    checkpoint.write_bytes(endless_checkpoint())
    folder.finish(
        folder.command(["vitc", "convert", checkpoint, "--heads", "1", "-o", hours, "--quiet"])
    )
    arena.write_bytes(plans.Plan(folder.plan.read_bytes()).changed("program", arena_bytes=5 << 30))
    images = base / "images"
    images.mkdir()
    shutil.copy(IMAGES[0], images / "7_image.png")
    problems = []
    for plan, side in ((hours, 512), (arena, 224)):
        tensor = base / "tensor.npy"
        tensor.write_bytes(outputs.npy((1, 3, side, side)))
        for name, words in {
            "label": ["vitrun", plan, IMAGES[0]],
            "eval": ["vitrun", "eval", plan, images],
            "eval --against": ["vitrun", "eval", folder.plan, images, "--against", plan],
            "bench": ["vitrun", "bench", plan, "--seconds", "0.01"],
            "tensor": ["vitrun", plan, "--tensor", tensor, "--logits", base / "out.npy"],
        }.items():
            start = time.monotonic()
            code, _, error, _ = measured(folder, words, patience=5)
            took = time.monotonic() - start
            problem = answer(code, error, "vitrun")
            if problem is None and code == 0:
                problem = "exit 0"
            if problem is None and "--allow-large" not in error:
                problem = f"does not name --allow-large: {first_words(error)}"
            if problem is None and took > 1:
                problem = f"takes {took:.1f} s"
            if problem:
                problems.append(f"{name} of {plan.name}: {problem}")
        if (base / "out.npy").exists():
            problems.append(f"tensor of {plan.name}: wrote logits")
    # Neither the image's preparation nor what only reads the plan is such work.
    for words in (
        ["vitrun", "preprocess", hours, IMAGES[0], "-o", base / "out.npy"],
        ["vitc", "inspect", hours],
        ["vitc", "verify", hours],
    ):
        code, _, error, _ = measured(folder, words)
        if code != 0:
            problems.append(f"{words[1]} of {hours.name}: exit {code}: {first_words(error)}")
    missing = [
        name
        for name in ("label", "eval", "bench")
        if not has_option(folder, "--allow-large", "vitrun", name)
    ]
    problems += [f"{name} has no --allow-large" for name in missing]
    if not missing:
        # With leave it is begun.
        for plan, wanted in ((arena, 0), (hours, None)):
            words = ["vitrun", plan, IMAGES[0], "--allow-large"]
            code, _, error, _ = measured(folder, words, patience=3)
            if code != wanted:
                problems.append(f"label of {plan.name} with leave: exit {code}: {first_words(error)}")
    shutil.rmtree(base)
    none_of(problems)


CHECKS: tuple[Callable[[Folder], None], ...] = (
    little_memory,
    large_texts,
    large_images,
    endless_plans,
)
