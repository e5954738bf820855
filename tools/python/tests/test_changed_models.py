"""Models that were changed after they were built: converted as they are now, or refused by the place of the change."""

import pytest

import vitc
from models import SMALL, check, convert, spread, torch


@pytest.mark.parametrize("change", [
    lambda model: model.train(), lambda model: model.reset_classifier(5), lambda model: model.reset_classifier(5, "avg"),
    lambda model: model.set_input_size((16, 40)), lambda model: model.set_input_size(patch_size=(4, 4)),
    lambda model: model.prune_intermediate_layers([1], prune_head=False),
    lambda model: setattr(model, "blocks", model.blocks[:2]), lambda model: setattr(model, "norm", torch.nn.Identity()),
    lambda model: setattr(model, "global_pool", "avg"), lambda model: setattr(model, "note", "not the class's")])
def test_a_timm_model_that_was_changed_is_what_it_is_now(tmp_path, change):
    timm = pytest.importorskip("timm")
    model = spread(timm.create_model("vit_tiny_patch16_224", **SMALL))
    change(model)
    plan = convert(model, tmp_path / "plan.bin")
    check(model.eval(), plan, *model.patch_embed.img_size)


def of(path, **values):
    """Sets attributes of a model's part."""
    def change(model):
        for key, value in values.items():
            setattr(model.get_submodule(path), key, value)
    return change


@pytest.mark.parametrize("field, change", [
    ("norm.eps", of("norm", eps=0.1)), ("blocks.1.norm2.eps", of("blocks.1.norm2", eps=0.1)),
    ("attn_pool.mlp.act", of("attn_pool.mlp", act=torch.nn.ReLU())), ("attn_pool.num_heads", of("attn_pool", num_heads=2)),
    ("attn_pool.norm.eps", of("attn_pool.norm", eps=0.1)), ("blocks.2.mlp.act", of("blocks.2.mlp", act=torch.nn.SiLU())),
    ("blocks.0.attn.scale", of("blocks.0.attn", scale=0.5)),
    ("blocks.0", lambda model: setattr(model, "blocks", model.blocks[1:])),
    ("patch_embed.proj.stride", of("patch_embed.proj", stride=(4, 4))),
    ("head", of("", head=torch.nn.Sequential(torch.nn.Linear(48, 7), torch.nn.ReLU()))),
    ("fc_norm", lambda model: delattr(model, "fc_norm")), ("head_drop", of("", head_drop=torch.nn.Tanh())),
    ("blocks.1.ls1", of("blocks.1", ls1=torch.nn.Tanh())),
    ("blocks.1.forward", of("blocks.1", forward=lambda x: x)), ("norm.bias", of("norm", bias=None)),
    ("patch_embed.norm", of("patch_embed", norm=torch.nn.LayerNorm(48))), ("num_prefix_tokens", of("", num_prefix_tokens=2)),
    ("norm._forward_hooks", lambda model: model.norm.register_forward_hook(lambda *_: None))], ids=str)
def test_a_timm_model_with_a_part_that_no_argument_makes_is_refused(tmp_path, field, change):
    timm = pytest.importorskip("timm")
    model = spread(timm.create_model("vit_tiny_patch16_224", **SMALL, global_pool="map"))
    change(model)
    with pytest.raises(vitc.Unsupported) as raised:
        convert(model, tmp_path / "plan.bin")
    assert raised.value.field == field and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name, field", [
    ("vit_base_patch16_rpn_224", "blocks.0"), ("vit_base_patch16_xp_224", "blocks.0"), ("test_vit4", "blocks.0.norm1"),
    ("vit_tiny_r_s16_p8_224", "patch_embed")])
def test_a_timm_model_of_other_parts_is_refused(tmp_path, name, field):
    timm = pytest.importorskip("timm")
    with pytest.raises(vitc.Unsupported) as raised:
        convert(timm.create_model(name, depth=1), tmp_path / "plan.bin")
    assert raised.value.field == field and raised.value.file == "VisionTransformer"


def test_a_timm_class_of_the_users_is_refused(tmp_path):
    vision_transformer = pytest.importorskip("timm.models.vision_transformer")
    kind = type("VisionTransformer", (vision_transformer.VisionTransformer,), {})
    with pytest.raises(vitc.Unsupported) as raised:
        convert(kind(**SMALL), tmp_path / "plan.bin")
    assert raised.value.field == "class"


@pytest.mark.parametrize("field, change", [
    ("vit.layernorm.eps", of("vit.layernorm", eps=0.1)),
    ("num_labels", lambda model: setattr(model.config, "num_labels", 5)),
    ("vit.embeddings.image_size", lambda model: setattr(model.config, "image_size", 64)),
    (".eps", lambda model: setattr(model.config, "layer_norm_eps", 0.1)),
    ("act", lambda model: setattr(model.config, "hidden_act", "relu")), ("act", "an activation"),
    ("scaling", "a scale"), ("classifier", of("", classifier=torch.nn.Sequential(torch.nn.Linear(48, 7)))),
    ("_forward_hooks", lambda model: model.vit.register_forward_hook(lambda *_: None))], ids=str)
def test_a_transformers_model_that_is_not_its_configs_is_refused(tmp_path, field, change):
    transformers = pytest.importorskip("transformers")
    model = transformers.ViTForImageClassification(transformers.ViTConfig(
        hidden_size=48, num_hidden_layers=2, num_attention_heads=4, intermediate_size=96, image_size=32, patch_size=8,
        num_labels=7))
    if change == "a scale":
        next(part for part in model.modules() if hasattr(part, "scaling")).scaling = 0.5
    elif change == "an activation":
        parent, name = next(
            (part, name) for part in model.modules() for name, child in part.named_children()
            if isinstance(child, transformers.activations.GELUActivation))
        setattr(parent, name, torch.nn.ReLU())
    else:
        change(model)
    with pytest.raises(vitc.Unsupported) as raised:
        convert(model, tmp_path / "plan.bin")
    assert field in raised.value.field and list(tmp_path.iterdir()) == []


def test_a_transformers_model_with_other_positions_is_refused(tmp_path):
    transformers = pytest.importorskip("transformers")
    model = transformers.CLIPVisionModel(transformers.CLIPVisionConfig(
        hidden_size=48, num_hidden_layers=1, num_attention_heads=4, intermediate_size=96, image_size=32, patch_size=8))
    convert(model, tmp_path / "plan.bin")
    positions = next(buffer for name, buffer in model.named_buffers() if name.endswith("position_ids"))
    positions.copy_(positions.flip(-1))
    with pytest.raises(vitc.Unsupported) as raised:
        convert(model, tmp_path / "other.bin")
    assert raised.value.field.endswith("position_ids")
