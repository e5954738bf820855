"""Files that end in probabilities."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from .case import EXPORTERS, Around, Case, Refusal, export
from .models import Normalise, model, pictures, samples, size_of

ENDINGS = {
    "none": lambda logits: logits,
    "softmax": lambda logits: logits.softmax(-1),
    "log_softmax": lambda logits: logits.log_softmax(-1),
    "log_of_softmax": lambda logits: logits.softmax(-1).log(),
    "sigmoid": torch.sigmoid,
}
_SINGLE = {"config.json": {"model_type": "vit", "problem_type": "single_label_classification"}}
_MULTI = {"config.json": {"model_type": "vit", "problem_type": "multi_label_classification"}}


def _case(name: str, kind: str, ending: str, dynamo: bool, batch: int = 1, **values) -> Case:
    inner, size = model(kind), size_of(kind)
    whole = Around(inner, behind=ENDINGS[ending])
    scores = "sigmoid" if ending == "sigmoid" else "softmax"
    return Case(
        name, lambda path: export(whole, torch.zeros(batch, 3, *size), path, dynamo=dynamo),
        inner, pictures(size), size, ending=ending, batch=batch,
        facts={"scores": scores} | ({"batch": "1"} if batch > 1 else {}),
        remarks=("logits",) if ending != "none" else (), **values)


def cases() -> Iterator[Case]:
    for exporter, dynamo in EXPORTERS.items():
        for ending in ("softmax", "log_softmax", "log_of_softmax", "sigmoid"):
            yield _case(f"ends_in_{ending}_{exporter}", "vit", ending, dynamo)
        yield _case(f"ends_in_softmax_distilled_{exporter}", "distilled", "softmax", dynamo)
        yield _case(f"ends_in_softmax_lvvit_{exporter}", "lvvit", "softmax", dynamo)
        yield _case(f"ends_in_sigmoid_batch_3_{exporter}", "deit3", "sigmoid", dynamo, batch=3)
        yield _case(f"ends_in_sigmoid_transformers_{exporter}", "transformers", "sigmoid", dynamo,
                    configs=_MULTI)
    named = _case("logits_of_many_labels", "transformers", "none", False, configs=_MULTI)
    named.facts["scores"] = "sigmoid"
    yield named
    yield _case("softmax_of_one_label", "transformers", "softmax", False, configs=_SINGLE)
    # All that a deployed file does at once.
    inner = model()
    whole = Around(inner, Normalise("cf/n"), torch.sigmoid)
    numbers = samples()
    for exporter, dynamo in EXPORTERS.items():
        yield Case(
            f"deployed_{exporter}", lambda path, d=dynamo: export(
                whole, numbers.permute(0, 2, 3, 1).contiguous(), path, dynamo=d),
            lambda x: inner(Normalise("f/n")(x)), numbers, size_of("vit"), ending="sigmoid",
            batch=2, channels_last=True,
            facts={"scores": "sigmoid", "batch": "1", "mean": [0, 0, 0], "std": [1, 1, 1],
                   "factor": 1.0},
            remarks=("input", "logits", "preprocess"))


def refusals() -> Iterator[Refusal]:
    picture = torch.zeros(1, 3, *size_of("vit"))
    for exporter, dynamo in EXPORTERS.items():
        warm = Around(model(), behind=lambda logits: (logits / 2).softmax(-1))
        yield Refusal(f"ends_in_temperature_{exporter}", lambda path, m=warm, d=dynamo: export(
            m, picture, path, dynamo=d), ("a linear classifier",))
        twice = Around(model(), behind=lambda logits: logits.softmax(-1).softmax(-1))
        yield Refusal(f"ends_in_two_softmax_{exporter}", lambda path, m=twice, d=dynamo: export(
            m, picture, path, dynamo=d), ("a linear classifier", "Softmax"))
        clipped = Around(model(), behind=lambda logits: torch.relu(logits))
        yield Refusal(f"ends_in_relu_{exporter}", lambda path, m=clipped, d=dynamo: export(
            m, picture, path, dynamo=d), ("a linear classifier", "Relu"))
    one = Around(model("transformers"), behind=torch.sigmoid)
    yield Refusal("sigmoid_of_one_label", lambda path: export(one, picture, path, dynamo=False),
                  ("problem_type", "sigmoid"), configs=_SINGLE)
    many = Around(model("transformers"), behind=lambda logits: logits.softmax(-1))
    yield Refusal("softmax_of_many_labels", lambda path: export(many, picture, path, dynamo=False),
                  ("problem_type", "softmax"), configs=_MULTI)
    yield Refusal(
        "regression", lambda path: export(model("transformers"), picture, path, dynamo=False),
        ("problem_type", "regression"),
        configs={"config.json": {"model_type": "vit", "problem_type": "regression"}})
