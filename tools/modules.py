"""Checks the modules against the manifest, and prints what each one uses.

Usage: modules.py [--quiet]

Fails on an import that the manifest does not name, on a dependency that nothing imports, and on one against
the direction of the groups. A group is the folder that a target lies in; `ORDER` says which may use which. The
manifest and the sources are read for each architecture that has kernels of its own.

Flags belong to the commands. Fails on one in the code of a library, which names an `InputOption` instead, and on
a list of these that a command links without saying their flags.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

# A group may use itself and what stands before it, except that the compiler and the runtime are apart.
ORDER = ["System", "Foundations", "Kernels", "Plan", "Compiler", "Runtime", "Search", "Interfaces", "Commands"]
APART = {("Compiler", "Runtime"), ("Runtime", "Compiler")}

# What comes with Swift, and the C library, which one module imports for all; an example imports it as its readers would.
PROVIDED = {"Synchronization", "Testing"}
C_LIBRARY = {name: {"Darwin", "Glibc", "Musl"} for name in ("CLibrary", "classify-example")}
IMPORT = re.compile(
    r"^ *(?:@\w+\s+)*(?:public |package |internal |private |fileprivate )?import (?:\w+ )?(\w+)", re.M
)
INCLUDE = re.compile(r"^#include [<\"](\w+)[./]", re.M)

COMMENT = re.compile(r"^\s*//.*$", re.M)
# The architectures that have kernels of their own, and lines that choose by one.
ARCHITECTURES = ["x86_64", "arm64"]
CONDITION = re.compile(r"^ *#(if|elseif|else|endif)(?: arch\((\w+)\)$)?")

FLAG = re.compile(r"(?<![\w-])--[a-z][\w-]*")

# Flags of other programs, in remedies.
FOREIGN_FLAGS = {"--local-dir"}

# The module that says what commands do with flags.
COMMAND_LINE = "CommandSupport"
OPTION_LIST = re.compile(r"^public enum (\w+): String, InputOption", re.M)
FLAGS_OF_LIST = re.compile(r"^extension (\w+): FlaggedOption", re.M)


def manifest(architecture: str) -> dict:
    """The package as the package manager reads it."""
    dumped = subprocess.run(
        ["swift", "package", "dump-package"], cwd=ROOT, check=True, capture_output=True,
        env={**os.environ, "VITC_ARCHITECTURE": architecture},
    )
    return json.loads(dumped.stdout)


def folder(target: dict) -> Path:
    """Where a target's sources are."""
    usual = "Tests" if target["type"] == "test" else "Sources"
    return ROOT / (target.get("path") or f"{usual}/{target['name']}")


def group(target: dict) -> str | None:
    """The group of a target of the product; None for tests and tools."""
    parts = folder(target).relative_to(ROOT).parts
    return parts[1] if parts[0] == "Sources" and len(parts) > 2 else None


def dependencies(target: dict) -> set[str]:
    """The names of the targets and products that a target may import."""
    return {(entry.get("byName") or entry.get("target") or entry.get("product"))[0]
            for entry in target["dependencies"]}


def compiled(text: str, architecture: str) -> str:
    """The lines of a source that are compiled for an architecture; other conditions than by one are not looked at."""
    lines: list[str] = []
    # Of each condition around a line: whether the line is taken, and whether one of the condition's parts was.
    around: list[tuple[bool, bool]] = []
    for line in text.splitlines():
        found = CONDITION.match(line)
        word, named = found.groups() if found else (None, None)
        if word == "if":
            around.append((named in (None, architecture), named == architecture))
        elif word == "elseif":
            around[-1] = (named in (None, architecture), around[-1][1] or named == architecture)
        elif word == "else":
            around[-1] = (not around[-1][1], True)
        elif word == "endif":
            around.pop()
        elif all(taken for taken, _ in around):
            lines.append(line)
    return "\n".join(lines)


def imports(target: dict, architecture: str) -> set[str]:
    """The modules that a target's sources import."""
    found: set[str] = set()
    for path in folder(target).rglob("*"):
        # Links are followed by hand: kernels are built twice from one folder.
        files = path.resolve().rglob("*.swift") if path.is_symlink() and path.is_dir() else [path]
        for file in files:
            if file.suffix == ".swift":
                found |= set(IMPORT.findall(compiled(file.read_text(), architecture)))
    return found - PROVIDED - C_LIBRARY.get(target["name"], set()) - {target["name"]}


def code(target: dict) -> dict[Path, str]:
    """A target's Swift sources, without the lines that are comments."""
    return {path: COMMENT.sub("", path.read_text()) for path in sorted(folder(target).rglob("*.swift"))}


def flag_faults(targets: dict[str, dict]) -> list[str]:
    """One line for each flag in a library and for each list of options without flags in a command."""
    sources = {name: target for name, target in targets.items()
               if target["type"] in ("regular", "executable") and group(target) is not None}
    commands = {name: target for name, target in sources.items() if target["type"] == "executable"}
    lines = [f"{path.relative_to(ROOT)} writes {flag}, which commands alone know: name an InputOption"
             for name, target in sources.items() if name not in commands and name != COMMAND_LINE
             for path, text in code(target).items()
             for flag in FLAG.findall(text) if flag not in FOREIGN_FLAGS]
    for name, target in commands.items():
        linked, rest = set(), [name]
        while rest:
            linked.add(rest[-1])
            rest += (dependencies(targets[rest.pop()]) & sources.keys()) - linked
        said = {found for text in code(target).values() for found in FLAGS_OF_LIST.findall(text)}
        lines += [f"{name} says no flags for {options} of {library}"
                  for library in sorted(linked) for text in code(targets[library]).values()
                  for options in OPTION_LIST.findall(text) if options not in said]
    return lines


def faults(package: dict, architecture: str) -> list[str]:
    """One line for each thing that is wrong."""
    targets = {target["name"]: target for target in package["targets"]}
    lines = flag_faults(targets)
    for name, target in sorted(targets.items()):
        named = dependencies(target)
        if target["type"] in ("system", "plugin"):
            continue
        is_swift = any(folder(target).rglob("*.swift"))
        if is_swift:
            used = imports(target, architecture)
            lines += [f"{name} imports {other}, which the manifest does not name for it"
                      for other in sorted(used - named)]
            lines += [f"{name} does not import {other}, which the manifest names for it"
                      for other in sorted(named - used - embedded(name, named))]
        own = group(target)
        for other in sorted(named & targets.keys()):
            used_group = group(targets[other])
            if own is None or used_group is None:
                continue
            if (own, used_group) in APART or ORDER.index(used_group) > ORDER.index(own):
                lines.append(f"{name} of {own} uses {other} of {used_group}")
    return lines


def embedded(name: str, named: set[str]) -> set[str]:
    """Dependencies that are linked without being imported: sets of kernels are chosen by name."""
    return {other for other in named if name == "Kernels" and other.startswith("KernelsAVX")}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quiet", action="store_true", help="print faults alone")
    arguments = parser.parse_args()
    packages = {architecture: manifest(architecture) for architecture in ARCHITECTURES}
    if not arguments.quiet:
        lines = {target["name"]: f"{group(target) or target['type']:12} {target['name']:18} "
                                 f"{', '.join(sorted(dependencies(target)))}"
                 for package in packages.values() for target in package["targets"]}
        print(*lines.values(), sep="\n")
    found = sorted({line for architecture, package in packages.items()
                    for line in faults(package, architecture)})
    for line in found:
        print(f"modules: {line}", file=sys.stderr)
    print(f"modules: {'ok' if not found else f'{len(found)} faults'}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
