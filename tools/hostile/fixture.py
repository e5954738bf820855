"""The folder that the checks of faults.py work in, and what they have in common."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Iterator

ROOT = Path(__file__).resolve().parents[2]
IMAGES = sorted((ROOT / "tools" / "demo" / "images").glob("*.png"))
OLD = b"an older output"


class Skipped(Exception):
    """The check needs what this machine does not give."""


class Folder:
    """A folder with a checkpoint of some megabytes and its plan."""

    def __init__(self, base: Path, binaries: Path):
        self.base = base
        self.binaries = binaries
        self.checkpoint = base / "model.safetensors"
        self.plan = base / "dense.plan"
        maker = ROOT / "tools" / "bench" / "random_checkpoint.py"
        subprocess.run(
            [sys.executable, maker, "deit_tiny_patch16_224", self.checkpoint], check=True
        )
        self.finish(self.convert(self.plan))

    def command(self, words: list) -> list:
        """The words with the path of the command that they begin with."""
        return [self.binaries / words[0], *words[1:]]

    def convert(self, output: Path, checkpoint: Path | None = None) -> list:
        """The command that converts."""
        words = ["vitc", "convert", checkpoint or self.checkpoint, "-o", output, "--quiet"]
        return self.command(words)

    def rewrite(self, output: Path, plan: Path | None = None) -> list:
        """The command that rewrites."""
        words = ["vitc", "rewrite", plan or self.plan, "--keep", "0.7", "-o", output, "--quiet"]
        return self.command(words)

    def export(self, output: Path, plan: Path | None = None) -> list:
        """The command that exports."""
        return self.command(["vitc", "export", plan or self.plan, "-o", output, "--quiet"])

    def finish(self, command: list) -> None:
        """Runs a command that has to succeed."""
        subprocess.run(command, check=True, capture_output=True)

    def refused(self, command: list, words: str, **options) -> None:
        """Runs a command that has to end with exit code 1 and one line."""
        done = subprocess.run(command, capture_output=True, timeout=60, **options)
        check_refusal(done.returncode, done.stderr.decode(), words)


@contextlib.contextmanager
def small_disk(kibibytes: int) -> Iterator[Path]:
    """A mounted tmpfs of that size."""
    with tempfile.TemporaryDirectory() as name:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={kibibytes}k", "tmpfs", name]
        if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
            raise Skipped("mounting a tmpfs needs root")
        try:
            yield Path(name)
        finally:
            subprocess.run(["umount", name], check=True)


def check_refusal(code: int, error: str, words: str) -> None:
    """Exit code 1 and one line that has the words."""
    lines = error.splitlines()
    assert code == 1, f"exit {code}: {error.strip()[:200]}"
    assert len(lines) == 1 and words in lines[0], f"said {error.strip()[:200]!r}, not {words!r}"


def compiled(path: Path, source: str) -> Path:
    """A shared library made of C."""
    compiler = shutil.which("cc") or shutil.which("clang")
    if compiler is None:
        raise Skipped("a C compiler is needed")
    code, library = path.with_suffix(".c"), path.with_suffix(".so")
    code.write_text(source)
    subprocess.run([compiler, "-shared", "-fPIC", code, "-o", library], check=True)
    return library
