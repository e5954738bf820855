"""Runs every hostile input of make.py through the real commands and checks what happens.

Usage: gate.py [--verbose] [--binaries FOLDER] [--rows 36-48,55,61] [--emulated]

Each command runs under a memory cap of 512 MB (more for files that are larger) and a time limit of 10 s; emulated ones
under a limit of 200 s, as an emulator is slow and takes memory of its own.
A refused input must end with exit code 1 and exactly one line on stderr, `tool: file: field: expected
..., found ...`, leave no file behind and an existing output as it was. An accepted one must end with 0.
Prints a line for each row and closes with `N passed, N failed`.
"""

import argparse
import collections
import os
import resource
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import make  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
BEFORE = b"what was here before"
# Models that were trained for fewer tokens.
METHODS = ("ppt", "dynamicvit_deit", "evovit", "avit", "asvit_deit", "ats", "spvit_lvvit")
# Models without a class token that pool, one with rotary positions and normalised heads, one with gates, one with
# relative positions, one with RMSNorm, and one of grey images in patches that are not square.
FIXTURES = (
    "timm_class_token_avg", "timm_class_token_map", "timm_eva_qk_norm", "timm_SwiGLU", "timm_beit",
    "timm_aimv2", "timm_patch_2x8_in_chans_1")


def limit(memory: int) -> None:
    """The child's memory, and no core files."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def problem(case: make.Case, folder: Path, plan: bytes, binaries: Path, emulated: bool) -> str | None:
    """What went wrong; None if nothing did."""
    names = {
        "file": folder / f"case.{case.suffix}",
        "plan": folder / "sound.plan",
        "image": folder / "sound.png",
        "output": folder / "output.plan",
        "folder": folder,
    }
    names |= {name: folder / f"extra-{name}" for name in case.files}
    names["file"].write_bytes(case.data)
    names["plan"].write_bytes(plan)
    make.make_demo.write_png(names["image"], 40, 30)
    names["output"].write_bytes(BEFORE)
    for name, data in case.files.items():
        names[name].write_bytes(data)
    if case.setup:
        case.setup(folder)
    before = sorted(os.listdir(folder))
    words = [word.format(**names) for word in shlex.split(case.command)]
    try:
        done = subprocess.run(
            [binaries / words[0], *words[1:]],
            capture_output=True,
            timeout=200 if emulated else 10,
            preexec_fn=None if emulated else lambda: limit(case.memory),
            env={**os.environ, "SWIFT_BACKTRACE": "enable=no"},
        )
    except subprocess.TimeoutExpired:
        return f"took longer than {200 if emulated else 10} s"
    error = done.stderr.decode(errors="replace")
    if sorted(os.listdir(folder)) != before:
        return f"left {sorted(set(os.listdir(folder)) - set(before))}"
    if names["plan"].read_bytes() != plan:
        return "changed the plan"
    if case.accepted:
        return None if done.returncode == 0 else f"exit {done.returncode}: {error.strip()}"
    if done.returncode != 1:
        return f"exit {done.returncode}: {error.strip()[:200]}"
    if names["output"].read_bytes() != BEFORE:
        return "changed the output"
    lines = error.splitlines()
    if len(lines) != 1 or not error.startswith(f"{words[0]}: "):
        return f"stderr is {error!r:.300}"
    if "expected" not in error or "found" not in error or case.words not in error:
        return f"the message does not say {case.words!r}: {error.strip()[:300]}"
    return None


def fixture_plan(name: str, base: Path, binaries: Path) -> bytes:
    """A fixture's model on fewer tokens."""
    folder = ROOT / "Tests" / "Fixtures" / "imports" / name
    dense, reduced = base / f"{name}.plan", base / f"{name}-reduced.plan"
    subprocess.run([binaries / "vitc", "convert", folder, "-o", dense, "--quiet"], check=True)
    subprocess.run([binaries / "vitc", "rewrite", dense, "--keep", "0.7", "--layers", "1,2",
                    "--size-aware", "-o", reduced, "--quiet"], check=True)
    return reduced.read_bytes()


def method_plan(name: str, base: Path, binaries: Path) -> bytes:
    """The plan of a fixture that was trained for fewer tokens."""
    checkpoint = ROOT / "Tests" / "Fixtures" / "methods" / name
    plan = base / f"{name}.plan"
    subprocess.run([binaries / "vitc", "convert", checkpoint.with_suffix(".safetensors"), "--config",
                    checkpoint.with_suffix(".json"), "-o", plan, "--quiet"], check=True)
    return plan.read_bytes()


def row_numbers(text: str) -> set[int]:
    """The rows of `36-48,55`."""
    ends = [part.split("-") for part in text.split(",")]
    return {row for end in ends for row in range(int(end[0]), int(end[-1]) + 1)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--binaries", type=Path, default=ROOT / ".build" / "release")
    parser.add_argument("--rows", type=row_numbers, help="these alone")
    parser.add_argument("--emulated", action="store_true", help="with more time, and no cap of memory")
    arguments = parser.parse_args()
    binaries = arguments.binaries.absolute()
    rows: dict[int, list[bool]] = collections.defaultdict(list)
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        checkpoint = base / "demo.safetensors"
        make.make_demo.write_safetensors(checkpoint)
        config = base / "config.json"
        config.write_bytes(make.CONFIG)
        plan_path = base / "demo.plan"
        convert = ["convert", checkpoint, "--config", config, "--weights", "f16", "-o", plan_path]
        subprocess.run([binaries / "vitc", *convert, "--quiet"], check=True)
        plan = plan_path.read_bytes()
        rewrite = ["rewrite", plan_path, "--keep", "0.7", "-o", base / "reduced.plan", "--quiet"]
        subprocess.run([binaries / "vitc", *rewrite], check=True)
        reduced = (base / "reduced.plan").read_bytes()
        subprocess.run([binaries / "vitc", *rewrite, "--strategy", "weighted"], check=True)
        weighted = (base / "reduced.plan").read_bytes()
        quantize = ["quantize", plan_path, "-o", base / "int8.plan", "--quiet"]
        subprocess.run([binaries / "vitc", *quantize], check=True)
        int8 = (base / "int8.plan").read_bytes()
        others = [fixture_plan(name, base, binaries) for name in FIXTURES]
        trained = [method_plan(name, base, binaries) for name in METHODS]
        every = make.all_cases(plan, reduced, weighted, int8, *others, trained)
        for number, case in enumerate(every):
            if arguments.rows is not None and case.row not in arguments.rows:
                continue
            folder = base / str(number)
            folder.mkdir()
            wrong = problem(case, folder, plan, binaries, arguments.emulated)
            rows[case.row].append(wrong is None)
            if wrong or arguments.verbose:
                print(f"row {case.row}, {case.name}: {wrong or 'as it should be'}")
            for path in folder.iterdir():
                path.unlink()
    for row, results in sorted(rows.items()):
        print(f"row {row}: {sum(results)} of {len(results)}")
    passed = sum(sum(results) for results in rows.values())
    failed = sum(len(results) for results in rows.values()) - passed
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
