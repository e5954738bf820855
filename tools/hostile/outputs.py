"""No output replaces an input, whatever names both are given.

The checks that faults.py runs on what the outputs of commands replace, and how.
"""

import json
import os
import shutil
import stat
import struct
import subprocess
from pathlib import Path
from typing import Callable, Iterator

import models
from fixture import OLD, IMAGES, ROOT, Folder, check_refusal

DEMO = ROOT / "tools" / "demo" / "model"
SIDE = 224


Tensors = dict[str, tuple[list[int], bytes]]


def tensors_of(checkpoint: bytes) -> Tensors:
    """Shapes and bytes of a float16 safetensors file."""
    (size,) = struct.unpack_from("<Q", checkpoint)
    header = json.loads(checkpoint[8 : 8 + size])
    header.pop("__metadata__", None)
    data = checkpoint[8 + size :]
    return {
        name: (entry["shape"], data[slice(*entry["data_offsets"])])
        for name, entry in header.items()
    }


def safetensors(tensors: Tensors) -> bytes:
    """A safetensors file of float16 tensors."""
    header, data = {}, b""
    for name, (shape, values) in tensors.items():
        offsets = [len(data), len(data) + len(values)]
        header[name] = {"dtype": "F16", "shape": shape, "data_offsets": offsets}
        data += values
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def onnx_with_data(tensors: Tensors, location: str) -> tuple[bytes, bytes]:
    """An ONNX model whose float16 tensors are all in another file, and that file."""
    initializers, data = [], b""
    for name, (shape, values) in tensors.items():
        place = models.place(location=location, offset=str(len(data)), length=str(len(values)))
        tensor = models.tensor(place, name=name, dims=tuple(shape), kind=10)
        initializers.append(models.chunk(5, tensor))
        data += values
    return models.model(*initializers), data


def npy(shape: tuple[int, ...]) -> bytes:
    """An array of zeros."""
    text = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    count = 4
    for extent in shape:
        count *= extent
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode() + bytes(count)


def make_inputs(base: Path, vitc: Path) -> None:
    """Every kind of input, small: a checkpoint whole and in shards, ONNX, and what goes with them."""
    base.mkdir()
    tensors = tensors_of((DEMO / "dense.safetensors").read_bytes())
    names = sorted(tensors)
    half = {name: "shard1.safetensors" for name in names[::2]}
    half |= {name: "shard2.safetensors" for name in names[1::2]}
    for shard in set(half.values()):
        part = {name: tensors[name] for name in names if half[name] == shard}
        (base / shard).write_bytes(safetensors(part))
    (base / "sharded.index.json").write_text(json.dumps({"metadata": {}, "weight_map": half}))
    (base / "tensor.npy").write_bytes(npy((1, 3, SIDE, SIDE)))
    scales = tensors_of((DEMO / "multiscale_0.7.safetensors").read_bytes())
    scales = {name: scales[name] for name in scales if name.startswith("multiscale.")}
    (base / "scales.safetensors").write_bytes(safetensors(scales))
    model, data = onnx_with_data(scales, "scales.data")
    (base / "scales.onnx").write_bytes(model)
    (base / "scales.data").write_bytes(data)
    processor = {"image_processor_type": "ViTImageProcessor", "size": SIDE}
    (base / "processor.json").write_text(json.dumps(processor))
    shutil.copy(DEMO / "dense.safetensors", base / "model.safetensors")
    for name in ("config.json", "other.json"):
        shutil.copy(DEMO / "config.json", base / name)
    shutil.copy(DEMO / "labels.txt", base / "labels.txt")
    shutil.copy(IMAGES[0], base / "image.png")
    convert = [vitc, "convert", "model.safetensors", "-o", "dense.plan", "--quiet"]
    rewrite = [vitc, "rewrite", "dense.plan", "--keep", "0.7", "-o", "small.plan", "--quiet"]
    for command in (convert, rewrite):
        subprocess.run(command, cwd=base, check=True, capture_output=True)


SCALES = "vitc rewrite dense.plan --keep 0.7 --multi-scale --multiscale-weights"
# A command up to the name of its output, and the input whose place that takes.
COMBINATIONS = (
    ("vitrun preprocess dense.plan image.png -o", "image.png"),
    ("vitrun preprocess dense.plan image.png -o", "dense.plan"),
    ("vitrun dense.plan --tensor tensor.npy --logits", "tensor.npy"),
    ("vitrun dense.plan --tensor tensor.npy --logits", "dense.plan"),
    ("vitrun small.plan image.png --visualize", "image.png"),
    ("vitrun small.plan image.png --visualize", "small.plan"),
    ("vitrun small.plan image.png --tokens", "image.png"),
    ("vitrun small.plan image.png --tokens", "small.plan"),
    ("vitrun bench dense.plan small.plan --iterations 1 --csv", "small.plan"),
    ("vitc convert model.safetensors -o", "model.safetensors"),
    ("vitc convert model.safetensors --config other.json -o", "other.json"),
    ("vitc convert model.safetensors --preprocessor processor.json -o", "processor.json"),
    ("vitc convert model.safetensors --labels labels.txt -o", "labels.txt"),
    ("vitc convert sharded.index.json -o", "shard2.safetensors"),
    ("vitc rewrite dense.plan --keep 0.7 -o", "dense.plan"),
    ("vitc export small.plan -o", "small.plan"),
    (f"{SCALES} scales.safetensors -o", "scales.safetensors"),
    (f"{SCALES} scales.onnx -o", "scales.data"),
    # Further ones.
    ("vitc convert model.safetensors -o", "config.json"),
    ("vitc convert sharded.index.json -o", "sharded.index.json"),
    (f"{SCALES} scales.onnx -o", "scales.onnx"),
)


def spellings(base: Path, name: str) -> Iterator[tuple[str, str]]:
    """Names that lead to a file of the folder, each with what it is; links go again."""
    yield "name", name
    yield "./", f"./{name}"
    yield "path", str(base / name)
    yield "..", f"../{base.name}/{name}"
    link = base / "link"
    link.symlink_to(name)
    yield "symbolic link", link.name
    link.unlink(missing_ok=True)
    link.symlink_to(base, target_is_directory=True)
    yield "link to its folder", f"link/{name}"
    link.unlink()
    # External data with two names is refused as such.
    if name != "scales.data":
        os.link(base / name, link)
        yield "hard link", link.name
        link.unlink(missing_ok=True)


def output_is_input(folder: Folder) -> None:
    """Each output over each input of its command, by all names: refused, the input stays."""
    base = folder.base / "inputs"
    make_inputs(base, folder.binaries / "vitc")
    whole = contents(base)
    problems, tried = [], 0
    for command, name in COMBINATIONS:
        words = folder.command(command.split())
        # What is refused below works otherwise.
        done = subprocess.run([*words, "output"], cwd=base, capture_output=True, timeout=60)
        assert done.returncode == 0, f"{command} output: {done.stderr.decode().strip()}"
        (base / "output").unlink()
        for kind, spelling in spellings(base, name):
            tried += 1
            done = subprocess.run([*words, spelling], cwd=base, capture_output=True, timeout=60)
            try:
                for part in (f"{spelling}: output: ", "the input ", name):
                    check_refusal(done.returncode, done.stderr.decode(), part)
                assert contents(base) == whole, "an input is destroyed"
            except AssertionError as problem:
                problems.append(f"{command} {spelling} ({kind}): {problem}")
                for changed, before in whole.items():
                    (base / changed).write_bytes(before)
    shutil.rmtree(base)
    assert not problems, f"{len(problems)} of {tried} are not refused, as {problems[0]}"


def contents(base: Path) -> dict[str, bytes]:
    """What the files of a folder hold."""
    return {path.name: path.read_bytes() for path in base.iterdir() if path.name != "link"}


def output_is_standard_input(folder: Folder) -> None:
    """An image that the shell opens is an input too."""
    image = folder.base / "streamed.png"
    shutil.copy(IMAGES[0], image)
    for source in ("-", "/dev/stdin"):
        with open(image, "rb") as stream:
            words = ["vitrun", "preprocess", folder.plan, source, "-o", image]
            folder.refused(folder.command(words), "the input", stdin=stream)
        assert image.read_bytes() == IMAGES[0].read_bytes(), "the input is destroyed"
    image.unlink()


def drawing_among_images(folder: Folder) -> None:
    """Of a folder with several images none is drawn, even before it is read."""
    images = folder.base / "several"
    images.mkdir()
    for image in IMAGES[:2]:
        shutil.copy(image, images)
    small = folder.base / "small.plan"
    folder.finish(folder.rewrite(small))
    last = images / IMAGES[1].name
    words = ["vitrun", small, images, "--visualize", last]
    folder.refused(folder.command(words), "one image")
    assert last.read_bytes() == IMAGES[1].read_bytes(), "the input is destroyed"
    shutil.rmtree(images)


def output_keeps_its_place(folder: Folder) -> None:
    """A replaced output keeps its mode, also behind a link; a new one follows the process's mask."""
    output, link = folder.base / "moded.plan", folder.base / "moded-link"
    link.symlink_to(output.name)
    for umask in (0o022, 0o077):
        for command in (folder.convert, folder.rewrite):
            output.unlink(missing_ok=True)
            subprocess.run(command(output), check=True, capture_output=True, umask=umask)
            assert mode(output) == 0o666 & ~umask, oct(mode(output))
            for wanted in (0o600, 0o640, 0o444, 0o664, 0o755):
                for name in (output, link):
                    output.unlink()
                    output.write_bytes(OLD)
                    output.chmod(wanted)
                    subprocess.run(command(name), check=True, capture_output=True, umask=umask)
                    assert output.read_bytes() != OLD and link.is_symlink()
                    assert mode(output) == wanted, f"{oct(mode(output))}, not {oct(wanted)}"
    link.unlink()
    output.unlink()


def mode(path: Path) -> int:
    """The mode of a file, without its kind."""
    return stat.S_IMODE(path.stat().st_mode)


CHECKS: tuple[Callable[[Folder], None], ...] = (
    output_is_input,
    output_is_standard_input,
    drawing_among_images,
    output_keeps_its_place,
)
