"""The arguments that build a Vision Transformer of timm, read from its modules: a model that was built with arguments of its
own is not what its architecture's name says.
"""

from __future__ import annotations

import copy
import functools
import inspect
import json
import sys
from typing import Any, Dict, Mapping

from ._origins import title
from ._twins import check, is_alike, unsupported

#: Activations by their modules' names.
_ACTIVATIONS = {
    "GELU": "gelu", "GELUTanh": "gelu_tanh", "QuickGELU": "quick_gelu", "SiLU": "silu", "Swish": "silu", "ReLU": "relu"}

#: Classes, by their modules.
_MODELS = {"timm.models.vision_transformer.VisionTransformer", "timm.models.deit.VisionTransformerDistilled"}

#: FFNs, without gates and with them, by their names in timm.layers.
_MLPS = ("Mlp", "SwiGLU", "GluMlp")

#: Classes with more arguments than their modules show, which are those that timm itself has kept.
_KEPT = {"timm.models.eva.Eva"}


def timm_options(model: Any) -> Dict[str, Any]:
    """Options of ``convert`` that say all that a model of timm computes.

    :raises Unsupported: what is more than a ``VisionTransformer`` or ``Eva`` of some arguments.
    """
    name = type(model).__name__
    if title(type(model)) not in _MODELS | _KEPT:
        raise unsupported(name, "class", ", ".join(sorted(_MODELS | _KEPT)), title(type(model)))
    _check_classifier(name, model)
    if title(type(model)) in _KEPT:
        return _kept_options(name, model)
    _check_parts(name, model)
    first = model.blocks[0]
    try:
        epsilon, activation = first.norm1.eps, _activation(name, first.mlp.act)
        arguments, heads, pooling = _arguments(model), first.attn.num_heads, model.global_pool
    except AttributeError as error:
        raise unsupported(name, str(error.name), "what its class has", "none") from error
    check(name, model, functools.partial(
        _build, type(model), {
            **arguments, "num_heads": heads, "global_pool": pooling, "act_layer": lambda: copy.deepcopy(first.mlp.act),
            "norm_layer": functools.partial(type(first.norm1), eps=epsilon), "mlp_layer": _mlp_layer(first.mlp)}))
    return {
        "heads": heads, "eps": epsilon, "activation": activation, "pooling": pooling,
        "config": _config(model, {**arguments, "num_heads": heads})}


def _kept_options(name: str, model: Any) -> Dict[str, Any]:
    """Options of a model that ``timm.create_model`` made, of the arguments that timm writes into config.json."""
    timm = sys.modules["timm"]
    get_model_args = getattr(sys.modules.get("timm.models"), "get_model_args", None)
    if get_model_args is None:
        raise unsupported(name, "timm", "a version that keeps the arguments of its models", timm.__version__)
    architecture = _pretrained_cfg(model).get("architecture")
    if not architecture:
        raise unsupported(name, "architecture", "a model that timm.create_model has made", "none")
    arguments = get_model_args(model)
    for key, value in arguments.items():
        if not _is_plain(value):
            raise unsupported(name, key, "a value that JSON has", title(type(value)))

    check(name, model, functools.partial(timm.create_model, architecture, pretrained=False, **arguments))
    return {"config": _config(model, arguments)}


def _check_classifier(name: str, model: Any) -> None:
    """Raises where the classifier was replaced by one of another number of classes, which the model does not know."""
    classes, rows = getattr(model, "num_classes", None), getattr(getattr(model, "head", None), "out_features", None)
    if rows is not None and rows != classes:
        raise unsupported(
            name, "head.out_features",
            f"{classes}, the model's num_classes (reset_classifier({rows}) or num_classes = {rows} changes it)",
            str(rows))


def _mlp_layer(mlp: Any) -> Any:
    """What makes a block's FFN; of one with gates timm has two."""
    kind = type(mlp)
    if hasattr(mlp, "gate_last"):
        return functools.partial(kind, gate_last=mlp.gate_last)
    return kind


def _check_parts(name: str, model: Any) -> None:
    """Raises where the parts that arguments are read from are of other kinds."""
    home = sys.modules["timm.models.vision_transformer"]
    blocks = getattr(model, "blocks", None)
    if not isinstance(blocks, home.nn.Sequential) or len(blocks) == 0:
        raise unsupported(name, "blocks", "a sequence of blocks", title(type(blocks)))
    for path, expected in [
            ("patch_embed", home.PatchEmbed), ("patch_embed.proj", home.nn.Conv2d), ("blocks.0", home.Block),
            ("blocks.0.attn", home.Attention), ("blocks.0.attn.qkv", home.nn.Linear),
            ("blocks.0.norm1", home.nn.LayerNorm)]:
        kind = type(functools.reduce(lambda part, step: getattr(part, step, None), path.split("."), model))
        if not is_alike(kind, expected):
            raise unsupported(name, path, title(expected), title(kind))
    layers = sys.modules["timm.layers"]
    expected = [getattr(layers, each) for each in _MLPS if hasattr(layers, each)]
    if type(blocks[0].mlp) not in expected:
        raise unsupported(name, "blocks.0.mlp", ", ".join(map(title, expected)), title(type(blocks[0].mlp)))
    if model.patch_embed.img_size is None:
        raise unsupported(name, "patch_embed.img_size", "height and width", "none")
    pooled = getattr(model, "fc_norm", None)
    if hasattr(model, "dist_token") and not _is_identity(pooled):
        # The two classifiers read rows as they are.
        raise unsupported(name, "fc_norm", "none in a distilled model, which would not use it", title(type(pooled)))


def _arguments(model: Any) -> Dict[str, Any]:
    """Arguments of the model's class, as timm writes them into its config.json."""
    first, patch, embed = model.blocks[0], model.patch_embed.patch_size, model.patch_embed
    # Gates have a layer of their own in one of them, and share one in another.
    hidden, width = getattr(first.mlp, "fc1", getattr(first.mlp, "fc1_x", None)).out_features, model.embed_dim
    # timm cuts the product to an integer.
    ratio = hidden / width if int(width * (hidden / width)) == hidden else (hidden + 0.5) / width
    arguments = {
        "img_size": list(embed.img_size), "patch_size": list(patch) if patch[0] != patch[1] else patch[0],
        "in_chans": embed.proj.in_channels, "num_classes": model.num_classes, "embed_dim": width,
        "depth": len(model.blocks), "mlp_ratio": ratio, "qkv_bias": first.attn.qkv.bias is not None,
        "class_token": model.cls_token is not None, "pre_norm": not _is_identity(model.norm_pre),
        "final_norm": not (_is_identity(model.norm) and _is_identity(model.fc_norm)),
        "fc_norm": not _is_identity(model.fc_norm)}
    if type(first.mlp).__name__ != "Mlp":
        is_packed = getattr(first.mlp, "gate_last", None) is False
        arguments["mlp_layer"] = "SwiGLUPacked" if is_packed else type(first.mlp).__name__
    # What older versions of timm have not is not there.
    for key, part, tensors in [
            ("qk_norm", first.attn, "q_norm"), ("scale_attn_norm", first.attn, "norm"), ("scale_mlp_norm", first.mlp, "norm")]:
        arguments[key] = not _is_identity(getattr(part, tensors, None))
    arguments["proj_bias"] = first.attn.proj.bias is not None
    registers = getattr(model, "reg_token", None)
    arguments["reg_tokens"] = 0 if registers is None else registers.shape[1]
    for key in ("no_embed_class", "pool_include_prefix", "dynamic_img_size"):
        arguments[key] = bool(getattr(model, key, False))
    arguments["dynamic_img_pad"] = bool(getattr(embed, "dynamic_img_pad", False))
    if model.pos_embed is None:
        arguments["pos_embed"] = "none"
    if hasattr(first.ls1, "gamma"):
        # Some value: those of the weights are what counts.
        arguments["init_values"] = 1e-5
    return arguments


def _build(kind: type, arguments: Mapping[str, Any]) -> Any:
    """A model of these arguments. What older versions of timm do not know is false or none in their models."""
    known = inspect.signature(sys.modules["timm.models.vision_transformer"].VisionTransformer).parameters
    given = {key: value for key, value in arguments.items() if key in known}
    return kind(**given, weight_init="skip")


def _config(model: Any, arguments: Dict[str, Any]) -> Dict[str, Any]:
    """What timm writes as config.json."""
    cfg = _pretrained_cfg(model)
    architecture = cfg.get("architecture")
    if not architecture:
        # Tensors of its FFNs have names of EVA's, whose tokens have rotary positions.
        return {"model_args": {**arguments, "use_rot_pos_emb": False}}
    said = {key: value for key, value in cfg.items() if value is not None and _is_plain(value)}
    said["num_classes"] = model.num_classes
    size = [3, *model.patch_embed.img_size]
    if list(said.get("input_size", size))[1:] != size[1:]:
        # The model was built for another size than its architecture was trained for.
        said = {key: value for key, value in said.items() if not key.startswith("test_")}
        said["input_size"] = size
    return {
        "architecture": architecture, "num_classes": model.num_classes, "num_features": model.num_features,
        "pretrained_cfg": said, "model_args": arguments}


def _pretrained_cfg(model: Any) -> Mapping[str, Any]:
    """What timm knows of published weights."""
    cfg = getattr(model, "pretrained_cfg", None) or {}
    return cfg if isinstance(cfg, Mapping) else vars(cfg)


def _activation(name: str, module: Any) -> str:
    kind = type(module)
    if kind.__module__.split(".")[0] not in ("torch", "timm") or kind.__name__ not in _ACTIVATIONS:
        raise unsupported(name, "activation", ", ".join(sorted(set(_ACTIVATIONS.values()))), title(kind))
    if kind.__name__ == "GELU" and getattr(module, "approximate", "none") == "tanh":
        return "gelu_tanh"
    return _ACTIVATIONS[kind.__name__]


def _is_identity(module: Any) -> bool:
    return module is None or type(module).__name__ == "Identity"


def _is_plain(value: Any) -> bool:
    try:
        json.dumps(value)
        return True
    except TypeError:
        return False
