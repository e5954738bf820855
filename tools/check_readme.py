#!/usr/bin/env python3
"""Runs the lines of README's section "In a service" as they stand there, then the Python package's tests:

    swift build -c release --disable-local-rpath && python3 tools/check_readme.py

Shell lines run in the repository, where `out` is ignored. Python runs in a folder of its own, by the interpreter that the
shell lines have set up, with the demo's model and an image under the names that it uses.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHON = ROOT / "out/venv/bin/python"


def blocks(heading):
    """The pieces below a heading of the section, as (language, text)."""
    section = re.search(r"^## In a service$(.*?)^## ", ROOT.joinpath("README.md").read_text(), re.M | re.S).group(1)
    part = re.search(rf"^### {heading}$(.*?)(?:^### |\Z)", section, re.M | re.S).group(1)
    return re.findall(r"^```(\w+)\n(.*?)^```$", part, re.M | re.S)


def shell(text):
    return subprocess.run(["bash", "-euxo", "pipefail", "-c", text], cwd=ROOT, check=True, capture_output=True, text=True).stdout


def python(text):
    with tempfile.TemporaryDirectory() as folder:
        model = ROOT / "tools/demo/model"
        shutil.copy(model / "dense.safetensors", f"{folder}/deit_small.safetensors")
        shutil.copy(model / "config.json", f"{folder}/config.json")
        shutil.copy(ROOT / "tools/demo/images/triangle-rows_09000.png", f"{folder}/photo.jpg")
        return subprocess.run(
            [str(PYTHON), "-c", text], cwd=folder, check=True, capture_output=True, text=True).stdout


def expect(what, pattern, text):
    if not re.search(pattern, text, re.M):
        sys.exit(f"check_readme: {what}: expected {pattern}, found:\n{text}")


def main():
    shutil.rmtree(ROOT / "out/venv", ignore_errors=True)
    (setup_language, setup), (example_language, example) = blocks("Python")
    if (setup_language, example_language) != ("sh", "python"):
        sys.exit("check_readme: Python: expected shell lines and an example")
    shell(setup)
    said = python(example)
    expect("Python", r"\A\d+\.\d+\n(class 8 0\.9\d+\n){3}photo\.jpg .*\n\Z", said)
    ((_, lines),) = blocks("C")
    expect("C", r"triangle-rows_09000\.png class 8 0\.9", shell(lines))
    shell(f"{PYTHON} -m pip install --quiet pytest")
    tests = subprocess.run(
        [str(PYTHON), "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "tools/python/tests"], cwd=ROOT,
        capture_output=True, text=True)
    print(tests.stdout.strip().splitlines()[-1] if tests.stdout else tests.stderr)
    if tests.returncode != 0:
        sys.exit(f"check_readme: the package's tests:\n{tests.stdout}{tests.stderr}")
    print("check_readme: ok")


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(f"check_readme: {error}\n{error.stdout}{error.stderr}")
