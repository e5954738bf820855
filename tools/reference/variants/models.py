"""One random model of each family, in timm's and TokenLabeling's code, and Hugging Face's twin."""

from __future__ import annotations

from dataclasses import dataclass

import timm
import torch
from torch import Tensor, nn
from vit_reference.config import ViTConfig
from vit_reference.models import VisionTransformer


@dataclass(frozen=True)
class Sizes:
    """Extents of the model."""

    image: int
    patch: int
    width: int
    depth: int
    heads: int
    classes: int
    stem: int

    @property
    def arguments(self) -> dict[str, int]:
        return {
            "img_size": self.image,
            "patch_size": self.patch,
            "embed_dim": self.width,
            "depth": self.depth,
            "num_heads": self.heads,
            "num_classes": self.classes,
        }


MICRO = Sizes(image=16, patch=4, width=8, depth=2, heads=2, classes=5, stem=4)
SMALL = Sizes(image=224, patch=16, width=384, depth=12, heads=6, classes=1000, stem=64)

TIMM = {
    "deit": "deit_tiny_patch16_224",
    "deit_distilled": "deit_tiny_distilled_patch16_224",
    "deit3": "deit3_small_patch16_224",
    "beit": "beit_base_patch16_224",
    "aimv2": "aimv2_large_patch14_224",
}
# Families `deit:NAME` have another activation than GELU by erf: timm's names, and two to be refused.
ACTIVATIONS = ("gelu_tanh", "quick_gelu", "silu", "relu")
REFUSED_ACTIVATIONS = ("sigmoid_1.5", "mixed")


class SlowGelu(nn.Module):
    """`x sigmoid(1.5 x)`, which nobody trains with."""

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(1.5 * x)


class TokenLabelingLVViT(nn.Module):
    """LV-ViT as TokenLabeling runs it: positions are added behind the class token, and the
    auxiliary head's maximum comes with its index."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.model = VisionTransformer(
            ViTConfig(
                family="lvvit",
                image_size=sizes.image,
                patch_size=sizes.patch,
                embed_dim=sizes.width,
                depth=sizes.depth,
                heads=sizes.heads,
                classes=sizes.classes,
                mlp_ratio=3.0,
                skip_lam=2.0,
                stem_width=sizes.stem,
            )
        )

    def _patches(self, picture: Tensor) -> Tensor:
        embed = self.model.patch_embed
        for stage in "123":
            norm = getattr(embed, f"bn{stage}")
            picture = torch.relu(norm(getattr(embed, f"conv{stage}")(picture)))
        return embed.proj(picture).flatten(2).transpose(1, 2)

    def forward(self, picture: Tensor) -> Tensor:
        model = self.model
        rows = self._patches(picture)
        token = model.cls_token.expand(rows.shape[0], -1, -1)
        rows = torch.cat((token, rows), dim=1) + model.pos_embed
        for block in model.blocks:
            rows = block(rows)
        rows = model.norm(rows)
        return model.head(rows[:, 0]) + 0.5 * model.aux_head(rows[:, 1:]).max(1)[0]


@torch.no_grad()
def randomise(model: nn.Module) -> nn.Module:
    """Gives every parameter random values, biases and statistics too, that let a signal through."""
    for name, parameter in sorted(model.named_parameters()):
        if name.endswith(("_token", "pos_embed", "position_embeddings")):
            parameter.normal_(0, 0.5)
        elif parameter.dim() > 1:
            parameter.normal_(0, 1.3 * parameter[0].numel() ** -0.5)
        else:
            parameter.normal_(0, 0.1)
        if "norm" in name and name.endswith("weight") or ".bn" in name and name.endswith("weight"):
            parameter.add_(1)
        if name.endswith("gamma"):
            parameter.add_(0.6)
    for name, buffer in sorted(model.named_buffers()):
        if name.endswith("running_mean"):
            buffer.normal_(0, 0.3)
        if name.endswith("running_var"):
            buffer.uniform_(0.5, 1.5)
    return model.eval()


@torch.no_grad()
def build(family: str, sizes: Sizes, seed: int = 7) -> nn.Module:
    """A model in evaluation mode; every parameter is random, biases and statistics too."""
    torch.manual_seed(seed)
    if family == "lvvit":
        model: nn.Module = TokenLabelingLVViT(sizes)
    else:
        model = _timm(family, sizes)
        if hasattr(model, "set_distilled_training"):
            model.set_distilled_training(False)
    return randomise(model)


def _timm(family: str, sizes: Sizes) -> nn.Module:
    base, _, activation = family.partition(":")
    if activation in ACTIVATIONS:
        return timm.create_model(TIMM[base], act_layer=activation, **sizes.arguments)
    model = timm.create_model(TIMM[base], **sizes.arguments)
    if activation == "mixed":
        model.blocks[1].mlp.act = nn.ReLU()
    elif activation == "sigmoid_1.5":
        for block in model.blocks:
            block.mlp.act = SlowGelu()
    return model


def state_of(model: nn.Module) -> dict[str, Tensor]:
    """The state dictionary in timm's or TokenLabeling's names."""
    inner = model.model if isinstance(model, TokenLabelingLVViT) else model
    return {name: tensor.detach().contiguous() for name, tensor in inner.state_dict().items()}


def hugging_face(
    model: nn.Module, sizes: Sizes, kind: str = "vit", activation: str = "gelu"
) -> nn.Module:
    """The same weights in `transformers`' ViT, or (with a dist token) its DeiT."""
    import transformers

    shared = dict(
        hidden_size=sizes.width,
        num_hidden_layers=sizes.depth,
        num_attention_heads=sizes.heads,
        intermediate_size=4 * sizes.width,
        image_size=sizes.image,
        patch_size=sizes.patch,
        num_labels=sizes.classes,
        layer_norm_eps=1e-6,
        hidden_act=activation,
    )
    if kind == "vit":
        twin = transformers.ViTForImageClassification(transformers.ViTConfig(**shared))
    else:
        twin = transformers.DeiTForImageClassificationWithTeacher(transformers.DeiTConfig(**shared))
    state = {}
    for name, tensor in state_of(model).items():
        for new, value in _hugging_face_names(name, tensor, kind):
            state[new] = value
    twin.load_state_dict(state)
    return twin.eval()


def _hugging_face_names(name: str, tensor: Tensor, kind: str) -> list[tuple[str, Tensor]]:
    outside = {
        "cls_token": "embeddings.cls_token",
        "dist_token": "embeddings.distillation_token",
        "pos_embed": "embeddings.position_embeddings",
        "patch_embed.proj": "embeddings.patch_embeddings.projection",
        "norm": "layernorm",
    }
    heads = {
        "head": "classifier" if kind == "vit" else "cls_classifier",
        "head_dist": "distillation_classifier",
    }
    inside = {
        "norm1": "layernorm_before",
        "norm2": "layernorm_after",
        "attn.proj": "attention.o_proj",
        "mlp.fc1": "mlp.fc1",
        "mlp.fc2": "mlp.fc2",
    }
    body, _, end = name.rpartition(".")
    if name in outside:
        return [(f"{kind}.{outside[name]}", tensor)]
    if body in outside:
        return [(f"{kind}.{outside[body]}.{end}", tensor)]
    if body in heads:
        return [(f"{heads[body]}.{end}", tensor)]
    _, block, part = body.split(".", 2)
    place = f"{kind}.layers.{block}"
    if part == "attn.qkv":
        parts = tensor.chunk(3)
        return [
            (f"{place}.attention.{letter}_proj.{end}", value.contiguous())
            for letter, value in zip("qkv", parts, strict=True)
        ]
    return [(f"{place}.{inside[part]}.{end}", tensor)]
