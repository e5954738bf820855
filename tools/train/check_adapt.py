#!/usr/bin/env python3
"""Checks what `adapt.py` rests on, with the small random models of Tests/Fixtures.

    python check_adapt.py [--only rule]

rule: pairs of `weighted` equal those of a plain reading of the rule, ties among them. batches: with
gradients and several images a call, each strategy takes the tokens that it takes of one image.
gradients: those of tokens and importance equal finite differences. families, best, resume, refusals:
the command itself. Prints a line a case; the exit code is 1 if one fails.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

HERE = Path(__file__).resolve().parent
FIXTURES = HERE.parents[1] / "Tests" / "Fixtures"
sys.path.insert(0, str(HERE.parent / "reference"))

import adapt  # noqa: E402
import scenes  # noqa: E402
from adaptation.description import Preparation  # noqa: E402
from adaptation.distillation import Distillation  # noqa: E402
from adaptation.images import Unlabelled  # noqa: E402
from adaptation.measure import divergence  # noqa: E402
from vit_reference import Reduction, Trace  # noqa: E402
from vit_reference.checkpoint import load_model  # noqa: E402
from vit_reference.config import STRATEGIES  # noqa: E402
from vit_reference.reduction import AttentionFacts, Tokens, reduce_tokens  # noqa: E402
from vit_reference.weighted import choose  # noqa: E402

Case = tuple[str, bool, str]
QUICK = ["--steps", "24", "--batch", "8", "--check-every", "2", "--lr", "3e-5", "--device", "cpu"]


def plain_rule(similarity: list[list[float]], importance: Tensor, count: int) -> dict[int, int]:
    """One image, a sentence of the rule a line; costs are float32, as the rule's are."""
    tokens, found = range(len(similarity)), dict[int, int]()
    while len(found) < count:
        taken = {*found, *found.values()}
        looking = [i for i in tokens if i not in taken]
        nearest, cost = {}, {}
        for i in looking:
            others = [j for j in tokens if j != i and j not in found]
            nearest[i] = max(others, key=lambda j: (similarity[i][j], -j))
            distance = torch.tensor(1) - torch.tensor(similarity[i][nearest[i]])
            cost[i] = float(importance[i].sqrt() * max(distance, torch.tensor(1e-6)))
        for i in sorted(looking, key=lambda i: (cost[i], i)):
            if len(found) < count and i not in found and i not in found.values() and nearest[i] not in found:
                found[i] = nearest[i]
    return found


def rule() -> Iterator[Case]:
    generator = torch.Generator().manual_seed(0)
    for tokens, levels in ((8, 2), (13, 3), (24, 4), (40, 1000)):
        # Few levels make many ties, of similarity as of cost.
        tables = torch.randint(levels, (6, tokens, tokens), generator=generator) / levels
        tables = (tables + tables.mT) / 2
        importance = (1 + torch.randint(levels, (6, tokens), generator=generator)) / levels
        for count in (1, tokens // 4, tokens // 2):
            sources, targets = choose(tables, importance, count)
            wrong = sum(
                plain_rule(table.tolist(), weight, count) != dict(zip(s.tolist(), t.tolist(), strict=True))
                for table, weight, s, t in zip(tables, importance, sources, targets, strict=True)
            )
            yield f"{count} of {tokens} tokens, {levels} levels", wrong == 0, f"{wrong} of 6 differ"


def schedules(depth: int, patches: int) -> Iterator[tuple[str, Reduction]]:
    fewer = tuple(patches // 6 for _ in range(depth - 1))
    for strategy in STRATEGIES:
        yield strategy, Reduction(remove=fewer, strategy=strategy)
    yield "merge, size-aware", Reduction(remove=fewer, size_aware=True)


def batches() -> Iterator[Case]:
    for name in ("deit_odd_grid", "deit_distilled", "lvvit"):
        model = load_model(FIXTURES / f"{name}.safetensors", FIXTURES / f"{name}.json").requires_grad_()
        size = model.config.image_size
        images = torch.randn(5, 3, size, size, generator=torch.Generator().manual_seed(1))
        for title, plan in schedules(model.config.depth, 9):
            together, ok = Trace(), True
            logits = model(images, plan, together)
            for place, image in enumerate(images):
                alone = Trace()
                with torch.no_grad():
                    ok &= torch.allclose(model(image[None], plan, alone)[0], logits[place], atol=2e-5)
                for one, many in zip(alone.stages, together.stages, strict=True):
                    for a, b in ((one.kept, many.kept), (one.merged, many.merged), (one.into, many.into)):
                        ok &= a is None or torch.equal(a[0], b[place])
            yield f"{name}, {title}", bool(ok), f"{len(together.stages)} stages, {len(images)} images"


def gradients() -> Iterator[Case]:
    generator = torch.Generator().manual_seed(2)
    batch, prefix, patches = 2, 1, 9
    rows = torch.randn(batch, prefix + patches, 4, generator=generator, dtype=torch.float64)
    importance = torch.rand(batch, patches, generator=generator, dtype=torch.float64) + 0.1
    keys = torch.randn(batch, 2, prefix + patches, 3, generator=generator, dtype=torch.float64)
    for title, plan in schedules(2, 18):
        def reduced(rows: Tensor, importance: Tensor, plan: Reduction = plan) -> Tensor:
            origin = torch.arange(patches).expand(batch, -1)
            sizes = torch.ones(rows.shape[:2], dtype=rows.dtype) if plan.carries_sizes else None
            tokens = Tokens(rows, origin, prefix, sizes)
            return reduce_tokens(tokens, AttentionFacts(importance, keys), plan, 0, None).rows

        given = [rows.clone().requires_grad_(), importance.clone().requires_grad_()]
        ok = torch.autograd.gradcheck(reduced, given, raise_exception=False)
        given[1].grad = None
        reduced(*given).square().sum().backward()
        reaches = given[1].grad is not None and bool(given[1].grad.abs().sum() > 0)
        expected = title in ("merge", "fuse", "weighted")
        yield title, ok and reaches == expected, f"importance is {'' if reaches else 'not '}reached"
    zero = [rows.clone().requires_grad_(), (importance * (importance > 0.5)).requires_grad_()]
    sizes = torch.ones(rows.shape[:2], dtype=rows.dtype)
    tokens = Tokens(zero[0], torch.arange(patches).expand(batch, -1), prefix, sizes)
    plan = Reduction(remove=(4,), strategy="weighted")
    reduce_tokens(tokens, AttentionFacts(zero[1], keys), plan, 0, None).rows.sum().backward()
    finite = all(bool(value.grad.isfinite().all()) for value in zero)
    yield "weighted, importances of 0", finite, "finite" if finite else "not finite"


class Place:
    """A folder with a model, its configuration and images to adapt it with."""

    def __init__(self, folder: Path, fixture: str = "deit", images: int = 60) -> None:
        self.folder, self.checkpoint = folder, folder / "model.safetensors"
        self.images, self.output = folder / "images", folder / "adapted.safetensors"
        save_file({
            name: value.float() if value.is_floating_point() else value
            for name, value in load_file(FIXTURES / f"{fixture}.safetensors").items()
        }, self.checkpoint, {"format": "pt"})
        self.configuration = json.loads((FIXTURES / f"{fixture}.json").read_text())
        # The cases of the fixture are no part of a configuration.
        del self.configuration["cases"]
        self.configure()
        self.images.mkdir()
        for index in range(images):
            Image.fromarray(scenes.render("test", index).pixels).save(self.images / f"{index}.png")

    def configure(self, **changes: object) -> None:
        (self.folder / "config.json").write_text(json.dumps(self.configuration | changes))

    def change(self, edit: Callable[[dict[str, Tensor]], object]) -> None:
        tensors = load_file(self.checkpoint)
        edit(tensors)
        save_file(tensors, self.checkpoint, {"format": "pt"})

    def adapt(self, *words: str) -> tuple[int, str, str]:
        """Exit code and what was printed."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = adapt.main([
                    str(self.checkpoint), "--images", str(self.images), "-o", str(self.output), *QUICK, *words,
                ])
            except SystemExit as stop:
                code = int(stop.code or 0)
        return code, out.getvalue(), err.getvalue()


@contextlib.contextmanager
def place(fixture: str = "deit", images: int = 60) -> Iterator[Place]:
    with tempfile.TemporaryDirectory() as folder:
        yield Place(Path(folder), fixture, images)


def described(path: Path) -> tuple[dict[str, tuple[str, list[int]]], object]:
    with safe_open(path, "pt") as file:
        slices = {name: file.get_slice(name) for name in file.keys()}
        return {n: (s.get_dtype(), s.get_shape()) for n, s in slices.items()}, file.metadata()


def families() -> Iterator[Case]:
    for fixture in ("deit", "deit_distilled", "deit3", "vit_patch16", "lvvit", "distilled_multiscale"):
        for strategy in STRATEGIES:
            if "multiscale" in fixture and strategy != "merge":
                continue
            words = ["--remove", "4,2", "--strategy", strategy]
            if "multiscale" in fixture:
                words = ["--keep", "0.3", "--layers", "2,3", "--multi-scale"]
            if fixture == "lvvit":
                words += ["--lr", "1e-4"]
            with place(fixture) as here:
                # Of a model of random weights the original can be the best, and then nothing is written.
                for seed in range(4):
                    code, out, err = here.adapt(*words, "--seed", str(seed))
                    if code == 0:
                        break
                ok = code == 0 and described(here.output) == described(here.checkpoint)
                found = load_file(here.output) if code == 0 else {}
                start = load_file(here.checkpoint)
                moved = sum(not torch.equal(found[name], start[name]) for name in found)
                whole = [name for name in found if not found[name].is_floating_point()
                         or "running_" in name]
                ok &= moved > 10 and all(torch.equal(found[name], start[name]) for name in whole)
                yield f"{fixture}, {strategy}", ok, (out or err).strip().splitlines()[-1]
    with place() as here:
        here.change(lambda tensors: [tensors.pop("head.weight"), tensors.pop("head.bias")])
        here.configure(num_classes=0)
        code, out, err = here.adapt("--remove", "4,2")
        ok = code == 0 and "1 - cosine" in out and "no classes" in err
        yield "deit without classes", ok, (out or err).strip().splitlines()[-1]


def best() -> Iterator[Case]:
    """What is written measures as the state that was the best, which is not the last."""
    with place() as here:
        words = ["--remove", "4,2", "--strategy", "weighted"]
        _, out, _ = here.adapt(*words)
        after = out.splitlines()[-1]
        said = after.split("KL ")[1].split(",")[0]
        images = Unlabelled.read(here.images, Preparation(32, 35), 500, 0).held_back
        models = [load_model(path, here.folder / "config.json") for path in (here.checkpoint, here.output)]
        with torch.no_grad():
            expected, found = models[0](images), models[1](images, Reduction(remove=(4, 2), strategy="weighted"))
        measured = f"{divergence(found.double(), expected.double(), True).mean():.4f}"
        ok = measured == said and "(step 24)" not in after
        yield "of the steps", ok, f"said {said}, measured {measured}"


def resume() -> Iterator[Case]:
    take_step = Distillation.take_step
    with place() as straight, place() as stopped:
        words = ["--remove", "4,2", "--strategy", "weighted"]
        straight.adapt(*words)
        state = stopped.folder / "state"

        def until_eleven(self: Distillation) -> float:
            if self.step == 11:
                raise KeyboardInterrupt
            return take_step(self)

        Distillation.take_step = until_eleven  # type: ignore[method-assign]
        with contextlib.suppress(KeyboardInterrupt):
            stopped.adapt(*words, "--state", str(state))
        Distillation.take_step = take_step  # type: ignore[method-assign]
        left = state.exists() and not stopped.output.exists()
        code, out, err = stopped.adapt("--keep", "0.7", "--state", str(state))
        yield "another schedule", code == 1 and "another's" in err, err.strip()
        code, out, err = stopped.adapt(*words, "--state", str(state))
        same = code == 0 and stopped.output.read_bytes() == straight.output.read_bytes()
        ok = left and same and "going on from step 10" in err and not state.exists()
        yield "stopped at step 11", ok, "the same file" if same else (out or err).strip()


def refusals() -> Iterator[Case]:
    def nan(tensors: dict[str, Tensor]) -> None:
        tensors["blocks.1.mlp.fc1.weight"][0, 0] = torch.nan

    def case(title: str, words: str, prepare: Callable[[Place], object], expected: str,
             images: int = 60) -> Case:
        with place(images=images) as here:
            prepare(here)
            before = {path for path in here.folder.rglob("*")}
            code, out, err = here.adapt(*words.split())
            ok = code in (1, 2) and expected in err and "Traceback" not in err and "after" not in out
            ok &= before == {path for path in here.folder.rglob("*")}
            return title, ok, err.strip().splitlines()[-1] if err else out.strip()

    keep, nothing = "--keep 0.6", lambda here: None
    yield case("NaN weights", keep, lambda here: here.change(nan), "expected finite values")
    yield case("empty folder", keep, nothing, "expected at least 10", images=0)
    yield case("undecodable image", keep, lambda here: (here.images / "a.jpg").write_bytes(b"no image"),
               "a.jpg: image: expected one that can be decoded")
    yield case("keeps everything", "--keep 1", nothing, "found one that removes none")
    yield case("removes nothing", "--remove 0,0", nothing, "found one that removes none")
    yield case("removes too much", "--remove 9 --strategy weighted", nothing, "merges at most 8 of 16")
    yield case("removes everything", "--remove 16 --strategy drop", nothing, "fewer than 16 tokens")
    yield case("more blocks than there are", "--keep 0.5 --layers 11", nothing, "at most 10")
    yield case("no number", "--keep 0.5,x", nothing, "expected numbers between commas")
    yield case("no schedule", "", nothing, "one of the arguments --plan --remove --keep is required")
    yield case("sizes that nothing has", "--keep 0.5 --strategy drop --size-aware", nothing, "sizes could count")
    yield case("no two-scale weights", "--keep 0.5 --multi-scale", nothing, "weights for two scales")
    yield case("an unknown key", keep, lambda here: here.configure(rope=True), "rope: expected a key")
    yield case("another width", keep, lambda here: here.configure(num_features=32), "num_features: expected 24")
    yield case("an unknown architecture", keep, lambda here: here.configure(architecture="swin_tiny"),
               "architecture: expected DeiT")
    yield case("heads that nothing says", keep, lambda here: (here.folder / "config.json").unlink(),
               "heads: expected a config.json")
    yield case("a tensor too many", keep,
               lambda here: here.change(lambda t: t.update({"mystery.weight": torch.ones(24)})),
               "mystery.weight: expected tensors")
    yield case("a tensor too few", keep, lambda here: here.change(lambda t: t.pop("norm.bias")),
               "norm.bias: expected a tensor")
    yield case("a cut checkpoint", keep,
               lambda here: here.checkpoint.write_bytes(here.checkpoint.read_bytes()[:999]),
               "checkpoint: expected a safetensors file")
    yield case("a plan that is none", f"--plan {FIXTURES / 'deit.json'}", nothing, "plan: expected one")
    yield case("no state file", f"{keep} --state {FIXTURES / 'deit.json'}", nothing, "state: expected one")


CHECKS = {"rule": rule, "batches": batches, "gradients": gradients, "families": families, "best": best,
          "resume": resume, "refusals": refusals}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=list(CHECKS))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    results = []
    for name, check in CHECKS.items():
        if arguments.only in (None, name):
            for title, passed, note in check():
                print(f"{'PASS' if passed else 'FAIL'} {name}: {title}: {note}", flush=True)
                results.append(passed)
    print(f"{sum(results)} of {len(results)} cases pass")
    return 0 if results and all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
