#!/usr/bin/env python3
"""Exports plans to ONNX and compares what other engines make of them with vitrun.

    python check_export.py [--golden ../shared/golden] [--only WORD] [--images DIR --labels FILE]

Every fixture of Tests/Fixtures and every case of the golden numbers is converted, rewritten, exported for one image,
for three and for any number, checked by onnx.checker with shape inference, and run by onnxruntime and, where it can
be imported, OpenVINO on the same input as vitrun. Further rows export f16 and int8, with the weights in a file of
their own, and with later opsets. Prints a table of the largest differences, relative to the largest value; fails
above 1e-4. A plan of eight bits attends in integers and rounds GELU to what bytes need, where an export has float32, so
that it is compared with the plan of float32 instead: no image may be further from that than twice what the plan's images are.
What cannot be exported must be refused in words, and
dense models must be imported again as the plans that they are of. With --images, plans of DeiT-Tiny label images as
vitrun prepares them, and each engine must get as many right as vitrun, give or take one.

Needs onnx and onnxruntime, see requirements-variants.txt.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from safetensors.numpy import load_file

ROOT = Path(__file__).resolve().parents[2]
TOLERANCE = 1e-4
Outputs = dict[str, np.ndarray]

try:
    import openvino
except ImportError:
    openvino = None


@dataclass
class Case:
    """A plan: what is converted and how it is rewritten."""

    name: str
    convert: list[object]
    rewrite: list[object] | None
    pixels: np.ndarray
    quantize: bool = False
    export: list[object] = field(default_factory=list)
    refused: str | None = None


def flags_of(case: dict[str, object]) -> list[object]:
    """The flags of `vitc rewrite` for a case of a fixture's description."""
    flags: list[object] = ["--strategy", case["strategy"]]
    if case.get("keep"):
        flags += ["--layers", ",".join(map(str, case["layers"])),
                  "--keep", ",".join(map(str, case["keep"]))]
    if case.get("remove"):
        flags += ["--remove", ",".join(map(str, case["remove"]))]
    if case.get("similarity", "cosine") != "cosine":
        flags += ["--similarity", case["similarity"]]
    if case.get("similarity") == "random":
        flags += ["--seed", case["seed"]]
    if case.get("size_aware") and case["strategy"] not in ("tome", "weighted"):
        flags.append("--size-aware")
    if case.get("multi_scale"):
        flags.append("--multi-scale")
    return flags


def named_flags(name: str) -> list[object] | None:
    """The flags of a case that its name describes: `merge_l1_0.5`, `dense`."""
    words = name.split("_")
    if words == ["dense"]:
        return None
    flags: list[object] = []
    if words[0] == "multiscale":
        words = words[1:]
        flags.append("--multi-scale")
    flags += ["--strategy", words[0], "--keep", words[-1]]
    for word in words[1:-1]:
        flags += ["--size-aware"] if word == "sizeaware" else ["--similarity", word]
    return flags


def micro_cases(folder: Path) -> Iterator[Case]:
    """Random small models of every family."""
    for path in sorted(folder.glob("*.golden.safetensors")):
        name = path.name.removesuffix(".golden.safetensors")
        expected = load_file(path)
        config = folder / f"{name}.json"
        described = json.loads(config.read_text()).get("cases", {})
        convert = [folder / f"{name}.safetensors", "--config", config]
        cases = {re.sub(r"^\w+?\.", "", key) for key in expected if "." in key} | {"dense"}
        for case in sorted(cases - {"tokens"}):
            if case in described:
                rewrite = flags_of(described[case])
            elif case == "dense" or re.search(r"_\d", case):
                rewrite = named_flags(case)
            else:
                continue
            if rewrite and "multiscale" in name and "--multi-scale" not in rewrite:
                rewrite.append("--multi-scale")
            words = [str(word) for word in rewrite or []]
            yield Case(f"{folder.name}/{name}/{case}", convert, rewrite, expected["input"],
                       refused="similarity" if "random" in words else None)


def deit_tiny_cases(golden: Path, data: Path) -> Iterator[Case]:
    """The real DeiT-Tiny."""
    folder = golden / "deit_tiny"
    pixels = np.load(folder / "input4.npy")
    convert = [data / "deit_tiny_imagenet.safetensors", "--arch", "deit_tiny_patch16_224"]
    for path in sorted(folder.glob("*.safetensors")):
        if path.stem == "multiscale_random":
            continue
        rewrite = named_flags(path.stem)
        if rewrite and "--multi-scale" in rewrite:
            rewrite += ["--multiscale-weights", folder / "multiscale_random.safetensors"]
        yield Case(f"deit_tiny/{path.stem}", convert, rewrite, pixels)
    for path in sorted((golden / "iwm").glob("*.safetensors")):
        expected = load_file(path)
        counts = [len(expected.get(f"block{block}.pairs", ())) for block in range(1, 13)]
        rewrite = ["--strategy", "weighted", "--remove", ",".join(map(str, counts))]
        yield Case(f"iwm/{path.stem}", convert, rewrite, expected["pixels"])
    for keep in ("0.7", "0.5"):
        yield Case(f"deit_tiny/weighted_{keep}", convert,
                   ["--strategy", "weighted", "--keep", keep], pixels)


def further_cases(fixtures: Path) -> Iterator[Case]:
    """Ways to store weights, and ways to export."""
    for name, rewrite in (("deit", None), ("deit", ["--keep", "0.7"]),
                          ("lvvit", ["--keep", "0.5", "--strategy", "weighted"])):
        config = fixtures / f"{name}.json"
        pixels = load_file(fixtures / f"{name}.golden.safetensors")["input"]
        convert: list[object] = [fixtures / f"{name}.safetensors", "--config", config]
        title = f"{name}/{'kept' if rewrite else 'dense'}"
        yield Case(f"{title}, f16", [*convert, "--weights", "f16"], rewrite, pixels)
        yield Case(f"{title}, int8", convert, rewrite, pixels, quantize=True)
        yield Case(f"{title}, external", convert, rewrite, pixels, export=["--external-data"])
        for opset in range(18, 24):
            yield Case(f"{title}, opset {opset}", convert, rewrite, pixels,
                       export=["--opset", opset])


class Tools:
    """vitc and vitrun."""

    def __init__(self, folder: Path, threads: int) -> None:
        self.folder, self.threads = folder, threads

    def run(self, *command: object) -> subprocess.CompletedProcess:
        words = [self.folder / str(command[0]), *map(str, command[1:])]
        return subprocess.run(words, capture_output=True, text=True)

    def need(self, *command: object) -> None:
        ended = self.run(*command)
        if ended.returncode != 0:
            sys.exit(f"{' '.join(map(str, command))}: status {ended.returncode}: {ended.stderr.strip()}")

    def plan(self, case: Case, folder: Path) -> Path:
        """The case's plan."""
        dense, plan = folder / "dense.bin", folder / "plan.bin"
        words = list(case.convert)
        if "--config" in words:
            place = words.index("--config") + 1
            config = json.loads(Path(str(words[place])).read_text())
            config.pop("cases", None)
            words[place] = folder / "config.json"
            words[place].write_text(json.dumps(config))
        self.need("vitc", "convert", *words, "-o", dense, "--quiet")
        if case.rewrite is not None:
            self.need("vitc", "rewrite", dense, *case.rewrite, "-o", plan)
            dense = plan
        if case.quantize:
            quantized = folder / "int8.bin"
            (folder / "whole.bin").write_bytes(dense.read_bytes())
            self.need("vitc", "quantize", dense, "-o", quantized, "--quiet")
            return quantized
        return dense

    def expected(self, plan: Path, outputs: list[str], pixels: np.ndarray, folder: Path) -> Outputs:
        """What vitrun makes of the images, by the names of a model's results."""
        np.save(folder / "input.npy", pixels)
        found = {}
        for name in outputs:
            self.need("vitrun", plan, "--tensor", folder / "input.npy", f"--{name}",
                      folder / f"{name}.npy", "--threads", self.threads)
            found[name] = np.load(folder / f"{name}.npy")
        return found


Engine = Callable[[Path], Callable[[np.ndarray], Outputs]]


def onnxruntime_engine(threads: int) -> Engine:
    def load(path: Path) -> Callable[[np.ndarray], Outputs]:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        names = [output.name for output in session.get_outputs()]
        return lambda pixels: dict(zip(names, session.run(names, {"image": pixels}), strict=True))
    return load


def openvino_engine(threads: int) -> Engine:
    core = openvino.Core()
    config = {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"}

    def load(path: Path) -> Callable[[np.ndarray], Outputs]:
        model = core.compile_model(path, "CPU", config)
        names = [output.get_any_name() for output in model.outputs]

        def run(pixels: np.ndarray) -> Outputs:
            found = model([pixels])
            return {name: found[index] for index, name in enumerate(names)}
        return run
    return load


def relative(found: Outputs, expected: Outputs) -> np.ndarray:
    """Each image's largest difference of all results, as a share of each one's largest value."""
    return np.max([np.abs(found[name] - values).reshape(len(values), -1).max(axis=1) / np.abs(values).max()
                   for name, values in expected.items()], axis=0)


def check(case: Case, tools: Tools, engines: dict[str, Engine]) -> bool:
    """Prints the case's row of the table."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plan = tools.plan(case, folder)
        path = folder / "model.onnx"
        pixels = np.concatenate([case.pixels] * 3)[:3].astype(np.float32)
        pixels[len(case.pixels):] *= 0.5
        if case.refused:
            ended = tools.run("vitc", "export", plan, "-o", path)
            passed = ended.returncode == 1 and case.refused in ended.stderr and not path.exists()
            print(f"| {'PASS' if passed else 'FAIL'} | {case.name} | refused |", flush=True)
            return passed
        worst: dict[str, float | str] = dict.fromkeys(engines, 0.0)
        failed, nodes = False, 0
        for form in (["--batch", 1], ["--batch", 3], ["--dynamic-batch"]):
            tools.need("vitc", "export", plan, "-o", path, *case.export, *form, "--quiet")
            onnx.checker.check_model(str(path), full_check=True)
            model = onnx.load(path, load_external_data=False)
            nodes = len(model.graph.node)
            assert {node.domain for node in model.graph.node} == {""}, "operators of ONNX alone"
            images = pixels[:1] if form[-1] == 1 else pixels
            outputs = [output.name for output in model.graph.output]
            expected = tools.expected(plan, outputs, images, folder)
            for engine, load in engines.items():
                if isinstance(worst[engine], str):
                    continue
                try:
                    found = load(path)(images)
                    far = relative(found, expected)
                except RuntimeError as error:
                    worst[engine] = str(error).strip().splitlines()[-1][:80]
                    failed = True
                    continue
                worst[engine] = max(worst[engine], float(far.max()))
                if case.quantize:
                    whole = tools.expected(folder / "whole.bin", outputs, images, folder)
                    failed |= bool(relative(found, whole).max() > 2 * relative(expected, whole).max())
                else:
                    failed |= bool((far > TOLERANCE).any())
        passed = not failed
        shown = " | ".join(far if isinstance(far, str) else f"{far:.1e}" for far in worst.values())
        print(f"| {'PASS' if passed else 'FAIL'} | {case.name} | {nodes} | {shown} |", flush=True)
        return passed


def check_again(case: Case, tools: Tools) -> bool:
    """Whether the export of a dense plan is imported as the same plan, but for where values came from."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plan, path, again = tools.plan(case, folder), folder / "model.onnx", folder / "again.bin"
        tools.need("vitc", "export", plan, "-o", path, "--quiet")
        weights = ["--weights", "f16"] if "f16" in case.convert else []
        ended = tools.run("vitc", "convert", path, *weights, "-o", again, "--quiet")
        passed = ended.returncode == 0
        if not passed:
            note = f"refused: {ended.stderr.strip().split('.onnx: ')[-1][:90]}"
        else:
            note = difference(plan, again)
            passed = not note.startswith("differs")
        print(f"| {'PASS' if passed else 'FAIL'} | {case.name} | {note} |", flush=True)
        return passed


def difference(plan: Path, again: Path) -> str:
    """What two plans differ in besides provenance."""
    first, second = (dump(file) for file in (plan, again))
    unequal = {key for key in first if first[key] != second.get(key)}
    if not unequal:
        return "the same bytes but for provenance"
    # Folding adds to names and counts of parameters what a plan has in its numbers, and a plan may carry weights
    # for a rewrite to come.
    stored, found = (plan["constants"]["constants"] for plan in (first, second))
    same_bits = all(a["checksum"] == b["checksum"] for a, b in zip(stored, found, strict=False))
    same_nodes = first["graph"]["nodes"] == second["graph"]["nodes"]
    unequal -= {"constants", "graph", "weights_bytes"}
    if unequal or not same_bits or not same_nodes:
        return f"differs in {', '.join(sorted(unequal)) or 'weights or graph'}"
    names = [a["name"] for a, b in zip(stored, found, strict=False) if a["name"] != b["name"]]
    carried = [constant["name"] for constant in stored[len(found):]]
    notes = [f"{len(names)} names of folded weights"] if names else []
    if carried:
        notes.append(f"{len(carried)} weights that the graph does not read")
    return f"the same but for provenance and {' and '.join(notes) or 'numbers of parameters'}"


def dump(plan: Path) -> dict[str, object]:
    """What is in a plan but for its provenance."""
    command = [sys.executable, ROOT / "tools/plan_dump.py", plan]
    found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    found.pop("plan_bytes")
    found["facts"].pop("provenance")
    return found


def check_labels(arguments: argparse.Namespace, tools: Tools, engines: dict[str, Engine]) -> list[bool]:
    """How many labelled images each engine gets right with the plans of DeiT-Tiny, dense and rewritten."""
    checkpoint = arguments.data / "deit_tiny_imagenet.safetensors"
    classes = {line.split("\t")[1]: int(line.split("\t")[0])
               for line in arguments.labels.read_text().splitlines()}
    images = sorted(path for path in arguments.images.iterdir() if path.name.split("_")[0] in classes)
    wanted = np.array([classes[path.name.split("_")[0]] for path in images])
    results = []
    print(f"\n| | of {len(images)} images right | vitrun | {' | '.join(engines)} |\n"
          f"|---|---|---|{'---|' * len(engines)}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for title, flags in (("dense", None), ("merge, keep 0.7", ["--keep", "0.7"]),
                             ("weighted, keep 0.5", ["--strategy", "weighted", "--keep", "0.5"])):
            case = Case(title, [checkpoint, "--arch", "deit_tiny_patch16_224"], flags, wanted)
            plan, path = tools.plan(case, folder), folder / "model.onnx"
            if not results:
                pixels = np.concatenate([prepared(tools, plan, image, folder) for image in images])
            tools.need("vitc", "export", plan, "-o", path, "--dynamic-batch", "--quiet")
            guesses = [tools.expected(plan, ["logits"], pixels, folder)["logits"].argmax(axis=1)]
            for load in engines.values():
                model = load(path)
                parts = [model(part)["logits"].argmax(axis=1) for part in np.array_split(pixels, 32)]
                guesses.append(np.concatenate(parts))
            right = [int((guess == wanted).sum()) for guess in guesses]
            passed = all(abs(count - right[0]) <= 1 for count in right)
            results.append(passed)
            print(f"| {'PASS' if passed else 'FAIL'} | {title} | {' | '.join(map(str, right))} |", flush=True)
    return results


def prepared(tools: Tools, plan: Path, image: Path, folder: Path) -> np.ndarray:
    """The input tensor that vitrun makes of an image."""
    tools.need("vitrun", "preprocess", plan, image, "-o", folder / "image.npy")
    return np.load(folder / "image.npy")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--golden", type=Path, default=ROOT.parent / "shared" / "golden")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--tools", type=Path, default=ROOT / ".build/release",
                        help="where vitc and vitrun are")
    parser.add_argument("--only", help="cases whose name holds this")
    parser.add_argument("--images", type=Path, help="a folder of images named after their wnid")
    parser.add_argument("--labels", type=Path, help="lines index, wnid, name")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    tools = Tools(arguments.tools, arguments.threads)
    engines = {"onnxruntime": onnxruntime_engine(arguments.threads)}
    if openvino is None:
        print("OpenVINO is not installed: onnxruntime runs alone")
    else:
        engines["OpenVINO"] = openvino_engine(arguments.threads)
    fixtures = ROOT / "Tests" / "Fixtures"
    cases = [*micro_cases(fixtures), *further_cases(fixtures)]
    if arguments.golden.is_dir():
        cases += micro_cases(arguments.golden / "micro")
        cases += deit_tiny_cases(arguments.golden, arguments.data)
    else:
        print(f"{arguments.golden} is absent: only the committed fixtures are checked")
    cases = [case for case in cases if arguments.only is None or arguments.only in case.name]
    print(f"| | case | nodes | {' | '.join(engines)} |\n|---|---|---|{'---|' * len(engines)}")
    results = [check(case, tools, engines) for case in cases]
    print("\n| | imported again | |\n|---|---|---|")
    dense = [case for case in cases if case.rewrite is None and not case.quantize]
    results += [check_again(case, tools) for case in dense]
    if arguments.images:
        results += check_labels(arguments, tools, engines)
    print(f"{sum(results)} of {len(results)} rows pass")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
