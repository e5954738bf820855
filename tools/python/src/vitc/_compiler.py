"""Makes plans: from checkpoints, from models in memory, and from other plans."""

from __future__ import annotations

import json
import os
import warnings
from typing import Any, Callable, Mapping, Optional, Sequence, Tuple, Union

from ._library import Interrupts, SearchProgress, options_bytes, path_bytes, vitc
from ._models import describe, describe_processor
from ._tensors import convert_tensors

PathLike = Union[str, "os.PathLike[str]"]


class VitcWarning(UserWarning):
    """Something that was assumed about a model, or that is worth knowing about a result."""


class Plan:
    """A plan's file.

    :param path: where it is; it is read when something is asked of it.
    """

    def __init__(self, path: PathLike) -> None:
        path_bytes(path, "path")
        #: Where it is.
        self.path: str = os.fsdecode(path)
        #: What there is to know about the making of it, if this process has made it.
        self.notes: Tuple[str, ...] = ()
        #: What the making of it has told, if this process has made it; see vitc.h.
        self.report: Mapping[str, Any] = {}

    def __repr__(self) -> str:
        return f"vitc.Plan({self.path!r})"

    def __fspath__(self) -> str:
        return self.path

    def inspect(self, *, dense: bool = False) -> dict:
        """What it is: what ``vitc inspect --json`` prints.

        :param dense: of a combined plan, of its dense program.
        """
        options = options_bytes({"dense": dense or None})
        return json.loads(vitc.text(vitc.inspect, path_bytes(self.path, "path"), options))

    def verify(self) -> None:
        """Checks every checksum and every structural rule; raises what does not hold."""
        vitc.verify(path_bytes(self.path, "path"))

    def rewrite(self, path: PathLike, *, keep: Union[None, float, Sequence[float]] = None,
                layers: Optional[Sequence[int]] = None, remove: Optional[Sequence[int]] = None,
                r: Optional[int] = None, budget: Optional[float] = None, target_gmacs: Optional[float] = None,
                strategy: Optional[str] = None, similarity: Optional[str] = None, seed: Optional[int] = None,
                size_aware: bool = False, multi_scale: bool = False, multiscale_weights: Optional[PathLike] = None,
                multiscale_init: Optional[str] = None, dense: bool = False) -> "Plan":
        """Writes a plan that does the same on fewer tokens; the options are those of ``vitc rewrite``.

        :return: the new plan.
        """
        options = options_bytes({
            "keep": keep, "layers": layers, "remove": remove, "r": r, "budget": budget, "target_gmacs": target_gmacs,
            "strategy": strategy, "similarity": similarity, "seed": seed, "size_aware": size_aware or None,
            "multi_scale": multi_scale or None, "multiscale_weights": multiscale_weights,
            "multiscale_init": multiscale_init, "dense": dense or None})
        report = vitc.text(vitc.rewrite, path_bytes(self.path, "path"), path_bytes(path, "path"), options)
        return _made(path, report)

    def quantize(self, path: PathLike, *, keep_f32: Optional[Sequence[str]] = None,
                 check: Optional[PathLike] = None) -> "Plan":
        """Writes a plan that does the same with its linear layers in eight bits; the options are those of ``vitc quantize``.

        :param keep_f32: names of weights that stay as they are, or patterns with ``*``, ``?`` and ``[...]``.
        :param check: a folder of images on which both plans are compared before the new one is written.
        :return: the new plan, whose :attr:`report` says what was found.
        """
        options = options_bytes({"keep_f32": keep_f32, "check": check})
        report = vitc.text(vitc.quantize, path_bytes(self.path, "path"), path_bytes(path, "path"), options)
        return _made(path, report)

    def export(self, path: PathLike, *, opset: Optional[int] = None, batch: Optional[int] = None,
               dynamic_batch: bool = False, base: bool = False, dense: bool = False, external_data: bool = False,
               dequantize: bool = False) -> Mapping[str, Any]:
        """Writes what it computes as an ONNX model, of ONNX's own operators alone; the options are those of ``vitc export``.

        The model's input ``image`` is what :meth:`Session.run` takes, its results are called after their roles.

        :param path: where the model goes, whole or not at all.
        :param opset: the version of ONNX's operators, 17 to 23; 17 by default.
        :param batch: how many images the model takes at once; 1 by default.
        :param dynamic_batch: whether it takes any number of images at once, in place of ``batch``.
        :param base: of a plan that was rewritten, whether to write the model as it was before.
        :param dense: of a combined plan, whether to write its dense program.
        :param external_data: whether the weights get a file of their own, as they do above 2 GB anyway.
        :param dequantize: whether weights of eight bits are written as the float32 numbers that they stand for.
        :return: what was written: ``nodes``, how many the graph has; ``data``, the path of the weights' own file or None; and
            ``notes``, which warn too.
        """
        options = options_bytes({
            "opset": opset, "batch": batch, "dynamic_batch": dynamic_batch or None, "base": base or None,
            "dense": dense or None, "external_data": external_data or None, "dequantize": dequantize or None})
        report = json.loads(vitc.text(vitc.export, path_bytes(self.path, "path"), path_bytes(path, "path"), options))
        for note in report["notes"]:
            warnings.warn(note, VitcWarning, stacklevel=2)
        return report

    def search(self, path: PathLike, images: PathLike, *, budget: Optional[float] = None,
               target_ms: Optional[float] = None, strategy: Optional[str] = None, size_aware: bool = False,
               count: Optional[int] = None, evaluations: Optional[int] = None, seed: Optional[int] = None,
               threads: Optional[int] = None, cascade: bool = False, max_pixels: Optional[int] = None,
               allow_large: bool = False, state: Optional[PathLike] = None, report: Optional[PathLike] = None,
               progress: Optional[Callable[[int, int, float, float], None]] = None) -> "Plan":
        """Finds how many tokens to take away in which block, on the images of a folder, and writes that plan; the options
        are those of ``vitc search``.

        :param report: a page, ``FILE.html``, that shows what was tried and what happens to the tokens of some images.
        :param progress: told how many schedules were tried, of how many, and the best one's KL and agreement. What it
            raises ends the search.
        :return: the new plan, whose :attr:`report` says what was found.
        """
        options = options_bytes({
            "budget": budget, "target_ms": target_ms, "strategy": strategy, "size_aware": size_aware or None,
            "count": count, "evaluations": evaluations, "seed": seed, "threads": threads, "cascade": cascade or None,
            "max_pixels": max_pixels, "allow_large": allow_large or None, "state": state, "report": report})
        raised = []

        def told(_context, done, evaluations, divergence, agreement):
            try:
                if progress is not None and not interrupts.asked:
                    progress(done, evaluations, divergence, agreement)
                return 1 if interrupts.asked else 0
            except BaseException as error:  # ctypes would print it and go on.
                raised.append(error)
                return 1

        # Without a callback of the caller's too, so that Ctrl-C ends a search.
        callback = SearchProgress(told)
        try:
            with Interrupts() as interrupts:
                told_at_end = vitc.text(
                    vitc.search, path_bytes(self.path, "path"), path_bytes(images, "images"), path_bytes(path, "path"),
                    options, callback, None)
        except Exception:
            if raised:
                raise raised[0] from None
            raise
        return _made(path, told_at_end)


def convert(source: Any, path: PathLike, *, config: Union[None, PathLike, Mapping[str, Any]] = None,
            preprocessor: Any = None, labels: Optional[Sequence[str]] = None, arch: Optional[str] = None,
            heads: Optional[int] = None, activation: Optional[str] = None, pooling: Optional[str] = None,
            eps: Optional[float] = None, image_size: Optional[int] = None, mean: Optional[Sequence[float]] = None,
            std: Optional[Sequence[float]] = None, crop_pct: Optional[float] = None, crop_mode: Optional[str] = None,
            interpolation: Optional[str] = None, method: Optional[str] = None, layers: Optional[Sequence[int]] = None,
            keep: Optional[float] = None, fuse: Optional[bool] = None, remove: Optional[int] = None,
            threshold: Optional[float] = None, size_aware: Optional[bool] = None,
            gate_scale: Optional[float] = None, gate_center: Optional[float] = None, weights: str = "f32") -> Plan:
    """Writes a model as a plan; the options are those of ``vitc convert``.

    Weights of a model or a state dict are handed over in memory, one tensor after the other: nothing is left behind, no
    disk has to have room for them a second time, and what lies there is what is converted.

    :param source: the path of a checkpoint (safetensors, npz, ONNX, a Hugging Face folder); a model of ``timm`` or
        ``transformers``, as it is now, or refused where a change of it cannot be passed on; or a state dict, names and
        tensors of NumPy or PyTorch.
    :param path: where the plan goes, whole or not at all.
    :param config: in place of the configuration beside the checkpoint or in the model: a path, or what ``config.json``
        says.
    :param preprocessor: in place of the ``preprocessor_config.json`` beside it: a path, what it says, or an image
        processor of ``transformers``.
    :param labels: the classes' names.
    :param method: what the checkpoint was trained with, or is to run with, to have fewer tokens, at ``layers``, blocks
        counted from 1: ``"evit"`` with the rate ``keep`` and ``fuse``, whether the other tokens become one more;
        ``"dynamicvit"`` with ``keep``; ``"evovit"`` without either; ``"ppt"`` with ``remove``, how many tokens leave,
        ``threshold``, the variance of scores below which they are pooled, and ``size_aware``; ``"avit"`` with
        ``gate_scale`` and ``gate_center`` and without layers; ``"asvit"``, ``"ats"`` and ``"spvit"``.
    :param weights: how the weights of products are stored: ``"f32"``, ``"f16"``, or ``"int8"``, in which linear layers are
        multiplied too.
    """
    if hasattr(preprocessor, "to_dict"):
        preprocessor = describe_processor(preprocessor)
    given = {
        "labels": list(labels) if labels is not None else None, "arch": arch, "heads": heads, "activation": activation,
        "pooling": pooling, "eps": eps, "image_size": image_size, "mean": mean, "std": std, "crop_pct": crop_pct,
        "crop_mode": crop_mode, "interpolation": interpolation, "method": method,
        "layers": list(layers) if layers is not None else None, "keep": keep, "fuse": fuse,
        "remove": remove, "threshold": threshold, "size_aware": size_aware,
        "gate_scale": gate_scale, "gate_center": gate_center, "weights": weights,
        "config": config,
        "preprocessor": preprocessor}
    target = path_bytes(path, "path")
    if isinstance(source, (str, os.PathLike)):
        report = vitc.text(vitc.convert, path_bytes(source, "source"), target, options_bytes(given))
        return _made(path, report)
    if isinstance(source, Mapping):
        name, tensors = "state dict", source
    else:
        name, tensors, said = describe(source)
        given = {key: value if value is not None else said.get(key) for key, value in given.items()}
    return _made(path, convert_tensors(name, tensors, target, options_bytes(given)))


def _made(path: PathLike, report: str) -> Plan:
    plan = Plan(path)
    plan.report = json.loads(report)
    plan.notes = tuple(plan.report.get("notes", ()))
    for note in plan.notes:
        warnings.warn(note, VitcWarning, stacklevel=3)
    return plan
