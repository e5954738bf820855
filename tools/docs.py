#!/usr/bin/env python3
"""Builds the documentation of both libraries, with the types that they bring from other modules:

    swift build -c release --disable-local-rpath && python3 tools/docs.py [FOLDER]

FOLDER gets ViTCompiler.doccarchive and ViTRuntime.doccarchive; without it they are built and thrown
away. Any warning is an error, such as a link to nothing; so is a type in no topic. Every piece of Swift in
an article or a comment must be in `tools/examples`, which is compiled.

A type that is re-exported has no page where documentation is built target by target, as packages
do it: the symbols are extracted here with the modules that each library re-exports.
"""

import glob
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BUILD = os.path.join(ROOT, ".build", "release")
LIBRARIES = ["ViTCompiler", "ViTRuntime"]


def reexported(library):
    """The modules that a library's users have by importing it."""
    text = open(f"{sources(library)}/{library}.swift").read()
    return re.findall(r"^@_exported public import (\w+)$", text, re.MULTILINE)


def extract(library, modules, folder):
    """Writes the library's symbols, those of `modules` among them, to a folder."""
    command = [
        "swift", "symbolgraph-extract", "-module-name", library, "-I", f"{BUILD}/Modules",
        "-target", f"{platform.machine()}-unknown-linux-gnu", "-minimum-access-level", "public",
        "-experimental-allowed-reexported-modules=" + ",".join(modules), "-output-dir", folder]
    maps = glob.glob(f"{ROOT}/Sources/System/C*/module.modulemap") + glob.glob(f"{BUILD}/C*.build/module.modulemap")
    for path in sorted(maps):
        command += ["-Xcc", f"-fmodule-map-file={path}"]
    subprocess.run(command, check=True)


def uncurated(library, folder):
    """Public types that no page of the catalogue names."""
    graph = json.load(open(f"{folder}/{library}.symbols.json"))
    kinds = {f"swift.{kind}" for kind in ("class", "enum", "protocol", "struct", "typealias")}
    types = {
        symbol["names"]["title"] for symbol in graph["symbols"]
        if symbol["kind"]["identifier"] in kinds and len(symbol["pathComponents"]) == 1}
    topics = open(catalogue(library) + f"/{library}.md").read().split("## Topics")[1]
    return sorted(types - set(re.findall(r"^- ``(\w+)``$", topics, re.MULTILINE)))


def sources(library):
    (folder,) = glob.glob(f"{ROOT}/Sources/*/{library}")
    return folder


def catalogue(library):
    return f"{sources(library)}/{library}.docc"


def lines(text):
    return [line.strip() for line in text.splitlines() if line.strip()]


def pages():
    """Texts that may hold Swift: articles, and the comments of sources."""
    for path in sorted(glob.glob(f"{ROOT}/Sources/*/*/*.docc/*.md")):
        yield path, open(path).read()
    for path in sorted(glob.glob(f"{ROOT}/Sources/**/*.swift", recursive=True)):
        text = open(path).read()
        yield path, "".join(f"{line}\n" for line in re.findall(r"^ *///? ?(.*)$", text, re.MULTILINE))


def unknown_snippets():
    """Pieces of Swift that are not in an example as they stand, by their first lines."""
    examples = [lines(open(path).read()) for path in glob.glob(f"{ROOT}/tools/examples/*.swift")]
    for path, text in pages():
        for block in re.findall(r"^```swift\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            wanted = [line for line in lines(block) if not line.startswith("import ")]
            found = any(
                example[start:start + len(wanted)] == wanted
                for example in examples for start in range(len(example)))
            if not found:
                yield f"{os.path.relpath(path, ROOT)}: not in tools/examples: {wanted[0]}"


def build(library, target):
    with tempfile.TemporaryDirectory() as folder:
        extract(library, reexported(library), folder)
        problems = [f"{library}: {name} is in no topic" for name in uncurated(library, folder)]
        archive = os.path.join(target or folder, f"{library}.doccarchive")
        shutil.rmtree(archive, ignore_errors=True)
        converted = subprocess.run([
            "docc", "convert", catalogue(library), "--additional-symbol-graph-dir", folder,
            "--fallback-display-name", library, "--fallback-bundle-identifier", f"vitc.{library}",
            "--warnings-as-errors", "--output-path", archive])
        if converted.returncode != 0:
            problems.append(f"{library}: docc found something to warn of")
        for problem in problems:
            print(problem, file=sys.stderr)
        return not problems


def main():
    if len(sys.argv) > 2:
        sys.exit(__doc__)
    target = sys.argv[1] if len(sys.argv) == 2 else None
    if target:
        os.makedirs(target, exist_ok=True)
    unknown = list(unknown_snippets())
    for problem in unknown:
        print(problem, file=sys.stderr)
    if not all([build(library, target) for library in LIBRARIES]) or unknown:
        sys.exit(1)


if __name__ == "__main__":
    main()
