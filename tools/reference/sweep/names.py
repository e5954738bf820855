"""The same model under the names that training code, wrappers and other libraries give tensors."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from timm.models import save_for_hf
from torch import Tensor, nn

from .jobs import Job
from .outcome import Truth
from .run import Logits
from .timm_models import create, input_for, output_of, truth_of
from .weights import noise, randomise

SUITE = "names"
State = dict[str, Tensor]
_ARCHITECTURE = "vit_tiny_patch16_224"
_PREFIXES = (
    "backbone.", "encoder.", "timm_model.", "model.", "net.", "student.", "teacher.backbone.",
    "visual.trunk.", "base_model.model.", "_orig_mod.", "module.", "module._orig_mod.",
    "state_dict.module.", "module.base_encoder.", "ema.", "model_ema.module.",
)


@dataclass(frozen=True)
class Change:
    """How the tensors of timm's ViT-Tiny are renamed, and what counts as right."""

    apply: Callable[[State, State], State]  # of the model and of its twin with other weights
    architecture: str = _ARCHITECTURE
    is_twin_right: bool = False
    should_refuse: bool = False
    dtype: torch.dtype = torch.float32


def _prefixed(prefix: str, state: State, _: State) -> State:
    return {prefix + name: value for name, value in state.items()}


def _beside(first: str, second: str, state: State, twin: State) -> State:
    return _prefixed(first, state, twin) | _prefixed(second, twin, state)


def _with(extra: dict[str, tuple[int, ...]], state: State, _: State) -> State:
    return state | {name: noise(name, torch.Size(shape)) for name, shape in extra.items()}


def _renamed(old: str, new: str, state: State, _: State) -> State:
    return {name.replace(old, new): value for name, value in state.items()}


def _stacked_apart(state: State, _: State) -> State:
    """q, k and v in tensors of their own."""
    found: State = {}
    for name, value in state.items():
        if ".attn.qkv." in name:
            for letter, part in zip("qkv", value.chunk(3), strict=True):
                found[name.replace("qkv", letter)] = part.contiguous()
        else:
            found[name] = value
    return found


def _changes() -> dict[str, Change]:
    found = {f"prefix {prefix}": Change(partial(_prefixed, prefix)) for prefix in _PREFIXES}
    found |= {
        "no prefix": Change(lambda state, _: state),
        "model. beside ema.": Change(partial(_beside, "model.", "ema."), is_twin_right=True),
        "model beside model_ema": Change(
            partial(_beside, "model.", "model_ema."), is_twin_right=True),
        "state_dict beside state_dict_ema": Change(
            partial(_beside, "state_dict.", "state_dict_ema."), is_twin_right=True),
        "student. beside teacher.": Change(
            partial(_beside, "student.", "teacher."), should_refuse=True),
        "base_encoder. beside momentum_encoder.": Change(
            partial(_beside, "base_encoder.", "momentum_encoder.")),
        "mask_token": Change(partial(_with, {"mask_token": (1, 1, 192)})),
        "decoder of an MAE": Change(partial(_with, {
            "mask_token": (1, 1, 64), "decoder_pos_embed": (1, 197, 64),
            "decoder_embed.weight": (64, 192), "decoder_embed.bias": (64,),
            "decoder_norm.weight": (64,), "decoder_norm.bias": (64,),
            "decoder_pred.weight": (768, 64), "decoder_pred.bias": (768,)})),
        "an unknown tensor": Change(
            partial(_with, {"blocks.0.attn.mystery": (192,)}), should_refuse=True),
        "an unknown tensor outside": Change(
            partial(_with, {"mystery.weight": (192, 192)}), should_refuse=True),
        "a second position table": Change(
            partial(_with, {"pos_embed_2": (1, 197, 192)}), should_refuse=True),
        "DeiT-III's own gamma_1": Change(
            lambda state, twin: _renamed(".ls2.gamma", ".gamma_2",
                                         _renamed(".ls1.gamma", ".gamma_1", state, twin), twin),
            architecture="deit3_small_patch16_224"),
        "q, k, v apart": Change(_stacked_apart),
        "head named fc": Change(partial(_renamed, "head.", "fc.")),
        "head named classifier": Change(partial(_renamed, "head.", "classifier.")),
        "f16": Change(lambda state, _: state, dtype=torch.float16),
        "bf16": Change(lambda state, _: state, dtype=torch.bfloat16),
        "distilled": Change(
            lambda state, _: state, architecture="deit_tiny_distilled_patch16_224"),
        "distilled, prefix module.": Change(
            partial(_prefixed, "module."), architecture="deit_tiny_distilled_patch16_224"),
    }
    return found


def jobs() -> list[Job]:
    found = []
    for name in _changes():
        cases = ((SUITE, f"{name}, with config.json"), (SUITE, f"{name}, alone"))
        found.append(Job(cases, partial(_samples, name)))
    for name, produce in _LIBRARIES.items():
        found.append(Job(((SUITE, name),), partial(_library_samples, name, produce)))
    return found


def _samples(name: str, folder: Path) -> Iterator[Logits]:
    # Closures do not travel to the worker; names do.
    change = _changes()[name]
    model, twin = (_rounded(create(change.architecture), change.dtype) for _ in range(2))
    randomise(twin, "twin")
    folder = folder / "model"
    save_for_hf(model, folder, safe_serialization=True)
    pixels = input_for(folder)
    state, other = dict(model.state_dict()), dict(twin.state_dict())
    written = {key: value.to(change.dtype).contiguous().clone()
               for key, value in change.apply(state, other).items()}
    save_file(written, folder / "model.safetensors")
    right = twin if change.is_twin_right else model

    def expected() -> dict[str, np.ndarray]:
        return output_of(right, pixels)

    whole = Logits(SUITE, f"{name}, with config.json", folder, pixels, expected,
                   truth_of(change.architecture, model), should_refuse=change.should_refuse)
    yield whole
    (folder / "config.json").unlink()
    yield replace(whole, name=f"{name}, alone", checkpoint=folder / "model.safetensors")


@torch.no_grad()
def _rounded(model: nn.Module, dtype: torch.dtype) -> nn.Module:
    for parameter in model.parameters():
        parameter.copy_(parameter.to(dtype))
    return model


def _torchvision(folder: Path) -> tuple[nn.Module, Path, int]:
    import torchvision

    model = randomise(torchvision.models.vit_b_16(num_classes=10))
    save_file(model.state_dict(), folder / "model.safetensors")
    return model, folder / "model.safetensors", 224


class _ImageTower(nn.Module):
    """The features of images of a CLIP model."""

    def __init__(self, clip: nn.Module) -> None:
        super().__init__()
        self.clip = clip

    def forward(self, pixels: Tensor) -> Tensor:
        return self.clip.encode_image(pixels)


_CLIP = {"embed_dim": 64, "quick_gelu": False,
         "vision_cfg": {"image_size": 64, "layers": 2, "width": 192, "head_width": 48,
                        "patch_size": 16},
         "text_cfg": {"context_length": 8, "vocab_size": 50, "width": 64, "heads": 2, "layers": 1}}


def _open_clip(folder: Path, *, quick: bool = False, has_config: bool = True, tower: bool = False
               ) -> tuple[nn.Module, Path, int]:
    from open_clip.model import CLIP

    settings = _CLIP | {"quick_gelu": quick}
    model = randomise(CLIP(**settings))
    state = model.state_dict()
    if tower:
        state = {name.removeprefix("visual."): value for name, value in state.items()
                 if name.startswith("visual.")}
    save_file({name: value.contiguous().clone() for name, value in state.items()},
              folder / "open_clip_model.safetensors")
    if has_config:
        prepared = {"mean": [0.48145466, 0.4578275, 0.40821073],
                    "std": [0.26862954, 0.26130258, 0.27577711]}
        (folder / "open_clip_config.json").write_text(
            json.dumps({"model_cfg": settings, "preprocess_cfg": prepared}, indent=2))
    return _ImageTower(model), folder / "open_clip_model.safetensors" if not has_config else (
        folder), 64


_Library = Callable[[Path], tuple[nn.Module, Path, int]]
_LIBRARIES: dict[str, _Library] = {
    "torchvision's vit_b_16": _torchvision,
    "open_clip, folder": _open_clip,
    "open_clip, QuickGELU, folder": partial(_open_clip, quick=True),
    "open_clip, alone": partial(_open_clip, has_config=False),
    "open_clip, image tower alone": partial(_open_clip, has_config=False, tower=True),
}


def _library_samples(name: str, produce: _Library, folder: Path) -> Iterator[Logits]:
    folder = folder / "model"
    folder.mkdir()
    model, checkpoint, side = produce(folder)
    pixels = noise("pixels", torch.Size((1, 3, side, side))).numpy()

    def expected() -> dict[str, np.ndarray]:
        return output_of(model, pixels)

    yield Logits(SUITE, name, checkpoint, pixels, expected, Truth(name))
