"""Folders that transformers' `save_pretrained` writes: every class that has to do with ViTs, and
the configuration's values one at a time."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from .hugging_face_cases import NO_PROCESSOR, cases
from .jobs import Job, NotMeasured
from .outcome import Truth
from .run import Logits
from .weights import noise, randomise

SUITE = "transformers"


def jobs() -> list[Job]:
    return [
        Job(((SUITE, name),), partial(_samples, name, *case)) for name, case in cases().items()
    ]


def build(model_class: str, config_class: str, values: dict[str, Any]) -> nn.Module:
    """A random model; `vision:` before the configuration's class puts the values in its vision
    part."""
    import transformers

    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    logging.disable(logging.WARNING)
    values = dict(values)
    if config_class.startswith("vision:"):
        text = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1,
                "num_attention_heads": 2, "vocab_size": 99}
        whole = {key: values.pop(key) for key in ("projection_dim", "num_labels") if key in values}
        config = getattr(transformers, config_class.removeprefix("vision:"))(
            vision_config=values, text_config=text, **whole)
    else:
        config = getattr(transformers, config_class)(**values)
    config._attn_implementation = "eager"
    name, _, option = model_class.partition(" without ")
    options = {"add_pooling_layer": False} if option == "pooler" else {}
    return randomise(getattr(transformers, name)(config, **options))


def _vision(model: nn.Module) -> Any:
    return getattr(model.config, "vision_config", model.config)


def _size(model: nn.Module) -> tuple[int, int]:
    size = getattr(_vision(model), "image_size", None) or 64
    return (size, size) if isinstance(size, int) else tuple(size)


def _arguments(model: nn.Module, pixels: torch.Tensor) -> dict[str, torch.Tensor]:
    """What the model's forward takes for one image."""
    kind = _vision(model).model_type
    if "siglip2" in kind:
        side = _vision(model).patch_size
        _, channels, height, width = pixels.shape
        rows, columns = height // side, width // side
        patches = pixels.reshape(1, channels, rows, side, columns, side)
        patches = patches.permute(0, 2, 4, 3, 5, 1).reshape(1, rows * columns, -1)
        return {"pixel_values": patches,
                "pixel_attention_mask": torch.ones(1, rows * columns, dtype=torch.long),
                "spatial_shapes": torch.tensor([[rows, columns]])}
    if kind in ("videomae", "vivit", "timesformer"):
        raise NotMeasured("the model reads a video")
    return {"pixel_values": pixels}


def outputs_of(model: nn.Module, pixels: np.ndarray) -> dict[str, np.ndarray]:
    """The outputs that count as right: logits where there are some, else features of the image."""
    inputs = _arguments(model, torch.from_numpy(pixels.copy()))
    name = type(model).__name__
    if "MaskedImage" in name or "PreTraining" in name:
        model = model.base_model
    if hasattr(model, "get_image_features"):
        features = _features(model, inputs)
        return {"image features": features}
    with torch.no_grad():
        output = model(**inputs)
    for key in ("logits", "image_embeds"):
        if isinstance(value := output.get(key), torch.Tensor):
            return {key: value.numpy()}
    found = {}
    if isinstance(value := output.get("pooler_output"), torch.Tensor):
        found["pooler_output"] = value.numpy()
    if not found or type(model).__name__ in ("ViTModel", "DeiTModel"):
        found["last_hidden_state[:, 0]"] = output.last_hidden_state[:, 0].numpy()
    if "IJepa" in type(model).__name__:
        found = {"mean of last_hidden_state": output.last_hidden_state.mean(1).numpy()}
    return found


def _features(model: nn.Module, inputs: dict[str, torch.Tensor]) -> np.ndarray:
    with torch.no_grad():
        value = model.get_image_features(**inputs)
    return (value if isinstance(value, torch.Tensor) else value.pooler_output).numpy()


def truth_of(model: nn.Module) -> Truth:
    config = _vision(model)
    activation = str(getattr(config, "hidden_act", ""))
    activation = {"gelu_new": "gelu_tanh", "gelu_fast": "gelu_tanh", "swish": "silu",
                  "gelu_pytorch_tanh": "gelu_tanh", "gelu_python": "gelu"}.get(
                      activation, activation)
    values = {"heads": str(getattr(config, "num_attention_heads", "")), "activation": activation,
              "eps": str(getattr(config, "layer_norm_eps", ""))}
    return Truth(config.model_type, values, "dinov3" in config.model_type)


def _samples(
    name: str, model_class: str, config_class: str, values: dict[str, Any],
    changes: dict[str, Any], folder: Path
) -> Iterator[Logits]:
    model = build(model_class, config_class, values)
    folder = folder / "model"
    model.save_pretrained(folder)
    if model.config.model_type in ("vit", "deit", "vit_msn"):
        from transformers import ViTImageProcessorPil

        height, width = _size(model)
        processor = ViTImageProcessorPil(size={"height": height, "width": width})
        processor.save_pretrained(folder)
    if changes:
        path = folder / "config.json"
        config = json.loads(path.read_text()) | changes
        path.write_text(json.dumps({k: v for k, v in config.items() if v is not ...}, indent=2))
    height, width = _size(model)
    if name != NO_PROCESSOR:
        processor = {"image_processor_type": "ViTImageProcessor",
                     "size": {"height": height, "width": width}}
        (folder / "preprocessor_config.json").write_text(json.dumps(processor))
    channels = getattr(_vision(model), "num_channels", 3)
    pixels = noise("pixels", torch.Size((1, channels, height, width))).numpy()

    def expected() -> dict[str, np.ndarray]:
        return outputs_of(model, pixels)

    yield Logits(SUITE, name, folder, pixels, expected, truth_of(model))
