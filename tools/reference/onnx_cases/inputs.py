"""Files that normalise samples themselves, take integers, or take channels last."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch

from .case import EXPORTERS, Around, Case, Refusal, export
from .models import MEAN, STD, Normalise, model, pictures, samples, size_of

_HALF = (0.5, 0.5, 0.5)
# The steps, what the file takes, and the factor on samples that a plan must have.
_ORDERS = {
    "mean_and_std": ("n", "unit", 1 / 255),
    "product_and_sum": ("+", "unit", 1 / 255),
    "twice_less_1": ("o", "unit", 1 / 255),
    "negative": ("io", "unit", 1 / 255),
    "of_255": ("/n", "floats", 1.0),
    "half_of_255": ("h", "floats", 1.0),
    "bytes": ("f/n", "bytes", 1.0),
    "bytes_only_scaled": ("f/", "bytes", 1.0),
    "bytes_as_they_are": ("f", "bytes", 1.0),
}


def _taken(kind: str, size: tuple[int, int]) -> torch.Tensor:
    numbers = samples(size)
    return {"unit": numbers / 255, "floats": numbers.float(), "bytes": numbers}[kind]


def _case(name: str, order: str, taken: str, factor: float, dynamo: bool, *, kind: str = "vit",
          batch: int = 1, channel: int = 1, mean: Any = MEAN, std: Any = STD,
          outside: tuple[list[float], list[float]] | None = None, **values: Any) -> Case:
    inner, size = model(kind), size_of(kind)
    whole = Around(inner, Normalise(order, mean, std, channel))
    inputs = _taken(taken, size)
    given = inputs[:1].expand(batch, -1, -1, -1)
    if is_last := order.startswith("c"):
        given = given.permute(0, 2, 3, 1)
    given = given.contiguous()
    first = Normalise(order.replace("c", ""), mean, std)
    told = {"batch": "1"} if batch > 1 else {}
    means, deviations = outside or ([0, 0, 0], [1, 1, 1])
    values.setdefault("assumptions", ("rescale",) if taken != "bytes" else ())
    return Case(
        name, lambda path: export(whole, given, path, dynamo=dynamo),
        lambda x: inner(first(x)), inputs, size, batch=batch, channels_last=is_last,
        facts={"mean": means, "std": deviations, "factor": factor} | told,
        remarks=(("input", "preprocess") if is_last else ("preprocess",)), **values)


def cases() -> Iterator[Case]:
    for exporter, dynamo in EXPORTERS.items():
        for name, (order, taken, factor) in _ORDERS.items():
            yield _case(f"takes_{name}_{exporter}", order, taken, factor, dynamo)
        yield _case(f"takes_bytes_distilled_batch_2_{exporter}", "f/n", "bytes", 1.0, dynamo,
                    kind="distilled", batch=2)
        yield _case(f"takes_channels_last_{exporter}", "cfn", "unit", 1 / 255, dynamo)
        yield _norm_first(exporter, dynamo)
        # Zeros are what the stem's convolution pads with, before the factor and behind it.
        yield _case(f"takes_bytes_lvvit_{exporter}", "f/", "bytes", 1.0, dynamo, kind="lvvit")
    yield from _configured()


def _norm_first(exporter: str, dynamo: bool) -> Case:
    """Normalised along the last axis, then channels first."""
    inner, size = model(), size_of("vit")
    whole = Around(inner, Normalise("f/nc", channel=3))
    numbers = samples(size)
    return Case(
        f"takes_channels_last_norm_first_{exporter}",
        lambda path: export(whole, numbers[:1].permute(0, 2, 3, 1).contiguous(), path,
                            dynamo=dynamo),
        lambda x: inner(Normalise("f/n")(x)), numbers, size, channels_last=True,
        facts={"mean": [0, 0, 0], "std": [1, 1, 1], "factor": 1.0},
        remarks=("input", "preprocess"))


def _processor(**values: Any) -> dict[str, Any]:
    height, width = size_of("vit")
    return {"preprocessor_config.json": {
        "image_processor_type": "ViTImageProcessor", "size": {"height": height, "width": width},
        "image_mean": list(MEAN), "image_std": list(STD), "resample": 3} | values}


def _timm(mean: tuple, std: tuple) -> dict[str, Any]:
    return {"config.json": {
        "architecture": "vit_tiny_patch16_224", "num_classes": 5,
        "model_args": {"img_size": list(size_of("vit")), "patch_size": 4, "embed_dim": 8,
                       "depth": 1, "num_heads": 2, "mlp_ratio": 2},
        "pretrained_cfg": {"input_size": [3, *size_of("vit")], "mean": list(mean),
                           "std": list(std), "crop_pct": 0.9, "interpolation": "bicubic"}}}


def _configured() -> Iterator[Case]:
    """Beside a file that says how images are prepared, or with flags."""
    for name, configs in (("processor", _processor()), ("timm", _timm(MEAN, STD))):
        yield _case(f"takes_mean_and_std_{name}", "n", "unit", 1 / 255, False, configs=configs,
                    assumptions=())
        yield _case(f"takes_of_255_{name}", "/n", "floats", 1.0, False, configs=configs,
                    assumptions=())
        yield _case(f"takes_bytes_{name}", "f/n", "bytes", 1.0, False, configs=configs)
    # The file leaves the normalisation to the graph, or the scale too.
    yield _case("takes_mean_and_std_unnormalised", "n", "unit", 1 / 255, False,
                configs=_processor(do_normalize=False), assumptions=())
    yield _case("takes_mean_and_std_unscaled", "n", "floats", 1.0, False, mean=(120, 115, 100),
                std=(58, 57, 60), configs=_processor(do_normalize=False, do_rescale=False),
                assumptions=())
    # A border has the colour that the graph makes 0.
    for name, order, taken, factor in (("unit", "o", "unit", 1 / 255), ("255", "h", "floats", 1.0)):
        border = _case(f"takes_border_of_{name}", order, taken, factor, False,
                       options={"crop_mode": "border"})
        border.facts["fill"] = [128, 128, 128]  # as timm rounds 127.5
        yield border
    # Flags come in front of what the graph does.
    yield _case("takes_twice_less_1_flags", "o", "unit", 1 / 255, False,
                options={"mean": [0.1, 0.2, 0.3], "std": [0.5, 0.25, 2]},
                outside=([0.1, 0.2, 0.3], [0.5, 0.25, 2]))
    yield _case("takes_twice_less_1_flags_processor", "o", "unit", 1 / 255, False,
                options={"mean": [0, 0, 0], "std": [1, 1, 1]}, configs=_processor(),
                assumptions=())


class _Reversed(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, [2, 1, 0]]


class _ByteSum(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (x + 3).float() / 255


def refusals() -> Iterator[Refusal]:
    unit, numbers = samples()[:1] / 255, samples()[:1]

    def refusal(name: str, before: torch.nn.Module, taken: torch.Tensor, words: tuple[str, ...],
                kind: str = "vit", dynamo: bool = False, **values: Any) -> Refusal:
        whole = Around(model(kind), before)
        return Refusal(name, lambda path: export(whole, taken, path, dynamo=dynamo), words,
                       **values)

    for exporter, dynamo in EXPORTERS.items():
        yield refusal(f"takes_mean_and_std_lvvit_{exporter}", Normalise("n"),
                      pictures((16, 16))[:1],
                      ("node", "pads with 3", "without its normalisation", "mean and standardDeviation"),
                      "lvvit", dynamo)
        yield refusal(f"takes_blue_first_{exporter}", _Reversed(), unit, ("node", "Gather"),
                      dynamo=dynamo)
        yield refusal(f"takes_sums_of_bytes_{exporter}", _ByteSum(), numbers,
                      ("the image",), dynamo=dynamo)
    yield refusal("takes_integers", Normalise("f/n"), numbers.int(),
                  ("input", "floats or uint8", "int32"))
    yield refusal("takes_unknown_range", Normalise("n", (30.0, 30, 30), (11.0, 12, 13)), unit,
                  ("rescale", "fits neither", "preprocessor_config.json"))
    yield refusal("takes_mean_and_std_twice", Normalise("o"), unit,
                  ("preprocessor_config.json", "mean and std", "mean 0,0,0"),
                  configs=_processor())
    yield refusal("takes_mean_and_std_twice_timm", Normalise("n"), unit,
                  ("config.json", "mean and std", "mean 0,0,0"), configs=_timm(_HALF, _HALF))
    yield refusal("takes_bytes_normalised", Normalise("f/"), numbers,
                  ("preprocessor_config.json", "mean and std", "uint8"), configs=_processor())
    yield refusal("takes_bytes_with_mean", Normalise("f/n"), numbers, ("mean: [", "uint8"),
                  options={"mean": [0.5, 0.5, 0.5]})
