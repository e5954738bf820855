"""What models of timm and transformers say of themselves, without either of them being imported.

What the weights do not determine is read from the modules: a model that was built with arguments of its own is not what
its architecture's name says.
"""

from __future__ import annotations

import json
from typing import Any, Dict, Mapping, Tuple

from ._errors import Unsupported, argument

#: Activations by their modules' names.
_ACTIVATIONS = {
    "GELU": "gelu", "GELUTanh": "gelu_tanh", "QuickGELU": "quick_gelu", "QuickGELUActivation": "quick_gelu",
    "SiLU": "silu", "Swish": "silu", "ReLU": "relu"}


def describe(model: Any) -> Tuple[str, Mapping[str, Any], Dict[str, Any]]:
    """A model's name, its state dict, and options of ``convert`` that it decides."""
    if not hasattr(model, "state_dict"):
        raise argument(
            "source", "a path, a state dict, or a model of timm or transformers", type(model).__name__)
    homes = {kind.__module__.split(".")[0] for kind in type(model).__mro__}
    name = type(model).__name__
    if "transformers" in homes:
        return name, model.state_dict(), {"config": _transformers_config(model)}
    if "timm" in homes:
        return name, model.state_dict(), _timm_options(model)
    raise argument("source", "a model of timm or transformers, or a state dict with its config", name)


def _transformers_config(model: Any) -> Dict[str, Any]:
    """What ``save_pretrained`` writes as config.json."""
    config = json.loads(model.config.to_json_string(use_diff=True))
    config["architectures"] = [type(model).__name__]
    return config


def _timm_options(model: Any) -> Dict[str, Any]:
    name = type(model).__name__
    if name not in ("VisionTransformer", "VisionTransformerDistilled"):
        raise _unsupported(name, "class", "VisionTransformer or VisionTransformerDistilled", name)
    blocks = list(model.blocks)
    heads = {block.attn.num_heads for block in blocks}
    epsilons = {block.norm1.eps for block in blocks} | {block.norm2.eps for block in blocks}
    scales = {(block.attn.scale, block.attn.head_dim ** -0.5) for block in blocks}
    activations = {_activation(name, block.mlp.act) for block in blocks}
    for field, values in (("heads", heads), ("eps", epsilons), ("activation", activations)):
        if len(values) != 1:
            raise _unsupported(name, field, "one for all blocks", ", ".join(map(str, sorted(values))))
    for scale, usual in scales:
        if scale != usual:
            raise _unsupported(name, "attention's scale", f"{usual}", f"{scale}")
    options: Dict[str, Any] = {
        "heads": heads.pop(), "eps": epsilons.pop(), "activation": activations.pop(), "pooling": model.global_pool}
    first, patch = blocks[0], model.patch_embed.patch_size
    # As timm writes the arguments of a model into its config.json.
    arguments = {
        "img_size": list(model.patch_embed.img_size), "patch_size": list(patch) if patch[0] != patch[1] else patch[0],
        "embed_dim": model.embed_dim, "depth": len(blocks), "num_heads": options["heads"],
        "mlp_ratio": first.mlp.fc1.out_features / model.embed_dim, "qkv_bias": first.attn.qkv.bias is not None,
        "no_embed_class": bool(getattr(model, "no_embed_class", False))}
    if hasattr(first.ls1, "gamma"):
        # Some value: those of the weights are what counts.
        arguments["init_values"] = 1e-5
    cfg = getattr(model, "pretrained_cfg", None) or {}
    cfg = cfg if isinstance(cfg, Mapping) else vars(cfg)
    architecture = cfg.get("architecture")
    if architecture:
        said = {key: value for key, value in cfg.items() if value is not None and _is_plain(value)}
        said["num_classes"] = model.num_classes
        size = [3, *model.patch_embed.img_size]
        if list(said.get("input_size", size)) != size:
            # The model was built for another size than its architecture was trained for.
            said = {key: value for key, value in said.items() if not key.startswith("test_")}
            said["input_size"] = size
        options["config"] = {
            "architecture": architecture, "num_classes": model.num_classes, "num_features": model.num_features,
            "pretrained_cfg": said, "model_args": arguments}
    return options


def _activation(name: str, module: Any) -> str:
    kind = type(module).__name__
    if kind == "GELU" and getattr(module, "approximate", "none") == "tanh":
        return "gelu_tanh"
    if kind not in _ACTIVATIONS:
        raise _unsupported(name, "activation", ", ".join(sorted(set(_ACTIVATIONS.values()))), kind)
    return _ACTIVATIONS[kind]


def _is_plain(value: Any) -> bool:
    try:
        json.dumps(value)
        return True
    except TypeError:
        return False


def _unsupported(name: str, field: str, expected: str, found: str) -> Unsupported:
    return Unsupported(
        f"{name}: {field}: expected {expected}, found {found}", file=name, field=field, expected=expected, found=found)
