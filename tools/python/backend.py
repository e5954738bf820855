"""Builds the wheel: setuptools' backend, around which the libraries are built, taken in and made portable.

The wheel holds no compiled Python: it is `py3-none`, for the platform whose libraries it has inside. auditwheel puts
the libraries that these need beside them and names the oldest glibc that they run with. All is done in a copy: nothing
is left in the tree but what Swift builds.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from setuptools import build_meta

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]

# What auditwheel takes in.
FOREIGN = re.compile(r"=> (/\S*lib(?:jpeg|spng|webp|sharpyuv|gif|tiff|zstd|lzma|Lerc|jbig|deflate|protobuf-c)\.so\S*)")


def version():
    """The version of everything, in Python's form."""
    source = (ROOT / "Sources/Plan/PlanFormat/Container/PlanOrigin.swift").read_text()
    found = re.search(r'static let version = "([^"]+)"', source)
    return found.group(1).replace("-dev", ".dev0")


def take_libraries(project):
    """Puts the libraries, built if they are not, into the package."""
    build = ["swift", "build", "-c", "release", "--disable-local-rpath", "--package-path", str(ROOT)]
    for product in ("vitc-c", "vitrun-c"):
        subprocess.run([*build, "--product", product], check=True, stdout=sys.stderr)
    prefix = project / "prefix"
    subprocess.run([str(ROOT / "tools/install.sh"), "--prefix", str(prefix), "--libraries"], check=True)
    folder = project / "src/vitc/lib"
    folder.mkdir()
    for name in ("libvitc.so.0", "libvitrun.so.0"):
        shutil.copy2(prefix / "lib" / name, folder / name)


def take_licences(project):
    """Puts the terms of what the wheel holds beside it: ours, and those of the libraries that auditwheel takes in."""
    folder = project / "licences"
    folder.mkdir()
    shutil.copy2(ROOT / "LICENSE", folder / "LICENSE")
    needed = set()
    for library in (project / "src/vitc/lib").iterdir():
        listed = subprocess.run(["ldd", str(library)], check=True, capture_output=True, text=True).stdout
        needed |= set(FOREIGN.findall(listed))
    for library in sorted(needed):
        terms = terms_of(library)
        if terms is None:
            sys.exit(f"backend: {library}: expected a package whose terms are in /usr/share/doc, found none")
        shutil.copyfile(terms, folder / terms.parent.name)


def terms_of(library):
    """The terms of the package that has a library; None if there is none. A package may know it by another name."""
    for path in (library, os.path.realpath(library), library.replace("/lib/", "/usr/lib/", 1)):
        owner = subprocess.run(["dpkg", "-S", path], capture_output=True, text=True).stdout.partition(":")[0]
        terms = Path(f"/usr/share/doc/{owner}/copyright")
        if owner and terms.exists():
            return terms
    return None


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    wheel_directory = os.path.abspath(wheel_directory)
    tools = {**os.environ, "PATH": os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])}
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder, "project")
        shutil.copytree(HERE, project, ignore=shutil.ignore_patterns("tests", "__pycache__", "backend.py"))
        take_libraries(project)
        take_licences(project)
        os.environ["VITC_WHEEL_VERSION"] = version()
        os.chdir(project)
        plain = build_meta.build_wheel(folder, config_settings, None)
        subprocess.run(
            [sys.executable, "-m", "auditwheel", "repair", f"{folder}/{plain}", "--wheel-dir", f"{folder}/repaired"],
            check=True, stdout=sys.stderr, env=tools)
        (wheel,) = Path(folder, "repaired").iterdir()
        shutil.copy2(wheel, Path(wheel_directory, wheel.name))
        os.chdir(HERE)
        return wheel.name
