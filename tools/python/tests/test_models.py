"""Models of timm and transformers as they are in memory, against what PyTorch says of them; skipped without these."""

import functools

import numpy as np
import pytest

import vitc
from models import SMALL, check, convert, spread, torch


@pytest.mark.parametrize("options", [
    {}, {"num_heads": 6}, {"num_heads": 2, "act_layer": torch.nn.SiLU}, {"act_layer": "gelu_tanh"},
    {"norm_layer": functools.partial(torch.nn.LayerNorm, eps=0.1)}, {"init_values": 0.3}, {"qkv_bias": False},
    {"mlp_ratio": 3}, {"mlp_ratio": 3.7362}, {"no_embed_class": True}, {"norm_layer": "layernormfp32"}, {"pre_norm": True},
    {"global_pool": "avg"}, {"global_pool": "avg", "pool_include_prefix": True}, {"global_pool": "max", "fc_norm": False},
    {"global_pool": "map", "reg_tokens": 2}, {"global_pool": "map", "reg_tokens": 2, "pool_include_prefix": True},
    {"global_pool": "avgmax", "class_token": False}, {"fc_norm": True}, {"final_norm": False}, {"num_classes": 0},
    {"dynamic_img_size": True}, {"img_size": (16, 72)}, {"img_size": 36},
    {"drop_path_rate": 0.2, "drop_rate": 0.2, "patch_drop_rate": 0.5}, {"qk_norm": True}, {"proj_bias": False},
    {"scale_attn_norm": True, "scale_mlp_norm": True, "qk_norm": True}, {"mlp_layer": "SwiGLU"},
    {"mlp_layer": "SwiGLUPacked", "mlp_ratio": 3}, {"patch_size": (8, 4)}, {"in_chans": 1}, {"in_chans": 4}], ids=str)
@pytest.mark.parametrize("by", ["name", "constructor"])
def test_timm(tmp_path, by, options):
    timm = pytest.importorskip("timm")
    layers = pytest.importorskip("timm.layers")
    if "mlp_layer" in options:
        options = {**options, "mlp_layer": getattr(layers, options["mlp_layer"])}
    vision_transformer = pytest.importorskip("timm.models.vision_transformer")
    make = vision_transformer.VisionTransformer if by == "constructor" else functools.partial(
        timm.create_model, "vit_tiny_patch16_224")
    model = spread(make(**{**SMALL, **options}))
    check(model, convert(model, tmp_path / "plan.bin"), *model.patch_embed.img_size,
          channels=options.get("in_chans", 3))


@pytest.mark.parametrize("name, options", [
    ("eva02_tiny_patch14_224", {"img_size": 56}), ("eva02_tiny_patch14_224", {"img_size": 56, "num_classes": 0}),
    ("eva02_tiny_patch14_224", {"img_size": 56, "qkv_fused": True}), ("vit_small_patch16_rope_224", {}),
    ("vit_small_patch16_rope_mixed_ape_224", {"global_pool": "avg"}), ("vit_small_patch16_dinov3", {}),
    ("vit_small_plus_patch16_dinov3_qkvb", {"num_classes": 7}), ("eva_giant_patch14_224", {
        "img_size": 28, "embed_dim": 96, "num_heads": 3}), ("vit_pe_core_tiny_patch16_384", {}),
    ("beit3_base_patch16_224", {"embed_dim": 96, "num_heads": 3}), ("eva02_tiny_patch14_224", {
        "img_size": 56, "patch_size": (14, 7), "in_chans": 1})], ids=str)
def test_timms_eva(tmp_path, name, options):
    timm = pytest.importorskip("timm")
    if not hasattr(timm.models, "get_model_args"):
        pytest.skip("an older timm")
    model = spread(timm.create_model(name, **{"depth": 2, "img_size": 64, "num_classes": 5, **options}))
    check(model, convert(model, tmp_path / "plan.bin"), *model.patch_embed.img_size,
          channels=options.get("in_chans", 3))


def test_a_changed_eva_is_refused(tmp_path):
    timm = pytest.importorskip("timm")
    if not hasattr(timm.models, "get_model_args"):
        pytest.skip("an older timm")

    def rotary(model):
        model.rope.pos_embed.mul_(0.5)

    def bias(model):
        model.blocks[1].attn.k_bias.add_(1)

    def scale(model):
        model.blocks[0].attn.scale = 0.5

    def norm(model):
        model.blocks[1].norm2.eps = 0.1

    for change, field in [
            (rotary, "rope.pos_embed"), (bias, "blocks.1.attn.k_bias"), (scale, "blocks.0.attn.scale"),
            (norm, "blocks.1.norm2.eps")]:
        model = timm.create_model("eva02_tiny_patch14_224", depth=2, img_size=56, qkv_fused=True)
        with torch.no_grad():
            change(model)
        with pytest.raises(vitc.Unsupported) as raised:
            convert(model, tmp_path / "plan.bin")
        assert raised.value.field == field and list(tmp_path.iterdir()) == []
    built = timm.models.eva.Eva(img_size=32, patch_size=16, embed_dim=48, num_heads=4, depth=1)
    with pytest.raises(vitc.Unsupported) as raised:
        convert(built, tmp_path / "plan.bin")
    assert raised.value.field == "architecture"


def test_what_an_architecture_pools_is_the_models(tmp_path):
    timm = pytest.importorskip("timm")
    for options in ({}, {"pool_include_prefix": False}):
        model = spread(timm.create_model("test_vit3", **options))
        check(model, convert(model, tmp_path / "plan.bin"), *model.patch_embed.img_size)


def test_timm_distilled(tmp_path):
    timm = pytest.importorskip("timm")
    model = spread(timm.create_model("deit_tiny_distilled_patch16_224", **SMALL))
    check(model, convert(model, tmp_path / "plan.bin"), 32)


def test_timms_preprocessing_is_the_models(tmp_path):
    timm = pytest.importorskip("timm")
    model = timm.create_model("deit_tiny_patch16_224").eval()
    said = convert(model, tmp_path / "plan.bin").inspect()
    cfg = model.pretrained_cfg
    assert said["preprocess"]["mean"] == pytest.approx(cfg["mean"])
    assert said["preprocess"]["crop_pct"] == pytest.approx(cfg["crop_pct"], abs=0.01)
    assert said["preprocess"]["interpolation"] == cfg["interpolation"] and said["model"] == "deit_tiny_patch16_224"


def test_a_timm_model_that_is_not_supported_is_refused(tmp_path):
    timm = pytest.importorskip("timm")
    for name, options in [("resnet18", {}), ("swin_tiny_patch4_window7_224", {}),
                          ("vit_tiny_patch16_224", {**SMALL, "act_layer": torch.nn.Tanh})]:
        with pytest.raises(vitc.VitcError):
            convert(timm.create_model(name, **options), tmp_path / "plan.bin")
    model = timm.create_model("vit_tiny_patch16_224", **SMALL)
    model.blocks[1].attn.scale = 0.5
    with pytest.raises(vitc.Unsupported) as raised:
        convert(model, tmp_path / "plan.bin")
    assert raised.value.found == "0.5" and list(tmp_path.iterdir()) == []


def test_conversion_draws_no_random_numbers(tmp_path):
    timm = pytest.importorskip("timm")
    model = timm.create_model("vit_tiny_patch16_224", **SMALL)
    before = torch.get_rng_state()
    convert(model, tmp_path / "plan.bin")
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("kind", ["ViT", "DeiT", "DeiTWithTeacher"])
def test_transformers(tmp_path, kind):
    transformers = pytest.importorskip("transformers")
    name = {"DeiTWithTeacher": "DeiTForImageClassificationWithTeacher"}.get(kind, f"{kind}ForImageClassification")
    config = getattr(transformers, f"{kind[:4].rstrip('W')}Config")(
        hidden_size=48, num_hidden_layers=3, num_attention_heads=4, intermediate_size=96, image_size=32, patch_size=8,
        num_labels=7, hidden_act="gelu", layer_norm_eps=1e-3)
    model = spread(getattr(transformers, name)(config))
    check(model, convert(model, tmp_path / "plan.bin", **({} if kind == "ViT" else {
        "mean": [0.5] * 3, "std": [0.5] * 3})), 32)


def test_a_saved_transformers_model_is_the_same(tmp_path):
    transformers = pytest.importorskip("transformers")
    config = transformers.Dinov2Config(
        hidden_size=48, num_hidden_layers=2, num_attention_heads=4, image_size=32, patch_size=8, num_labels=7)
    spread(transformers.Dinov2ForImageClassification(config)).save_pretrained(tmp_path / "saved")
    model = transformers.Dinov2ForImageClassification.from_pretrained(tmp_path / "saved").eval()
    check(model, convert(model, tmp_path / "plan.bin"), 32)


def dinov3(**options):
    transformers = pytest.importorskip("transformers")
    if not hasattr(transformers, "DINOv3ViTModel"):
        pytest.skip("an older transformers")
    return spread(transformers.DINOv3ViTModel(transformers.DINOv3ViTConfig(
        hidden_size=48, num_hidden_layers=2, num_attention_heads=4, intermediate_size=96, image_size=32, patch_size=8,
        num_register_tokens=2, **options)))


def wrapped(architecture):
    """A model of timm in transformers' wrapper."""
    pytest.importorskip("timm")
    transformers = pytest.importorskip("transformers")
    if not hasattr(transformers, "TimmWrapperConfig"):
        pytest.skip("an older transformers")
    size = {"img_size": 32, "patch_size": 8, "embed_dim": 48, "depth": 2, "num_heads": 4}
    return spread(transformers.TimmWrapperForImageClassification(transformers.TimmWrapperConfig(
        architecture=architecture, model_args=size, num_labels=5, pretrained_cfg={
            "input_size": [3, 32, 32], "mean": [0.1, 0.2, 0.3], "std": [0.5, 0.6, 0.7], "crop_pct": 0.8,
            "interpolation": "bilinear", "crop_mode": "center"})))


class Pooled(torch.nn.Module):
    """Gives a model's pooled row in place of all that it gives."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        return self.model(x).pooler_output


@pytest.mark.parametrize("options", [{}, {"rope_theta": 10.0}], ids=str)
def test_rotary_positions_of_transformers(tmp_path, options):
    model = dinov3(**options)
    check(Pooled(model), convert(model, tmp_path / "plan.bin"), 32)


@pytest.mark.parametrize("architecture", ["vit_tiny_patch16_224", "eva02_tiny_patch14_224", "vit_small_patch16_dinov3"])
def test_timm_in_transformers(tmp_path, architecture):
    model = wrapped(architecture)
    check(model, convert(model, tmp_path / "plan.bin"), 32)


@pytest.mark.parametrize("make, field", [
    (dinov3, "inv_freq"), (functools.partial(wrapped, "eva02_tiny_patch14_224"), "rope.bands"),
    (functools.partial(wrapped, "vit_small_patch16_dinov3"), "rope.periods")])
def test_other_rotary_positions_than_the_configurations_are_refused(tmp_path, make, field):
    model = make()
    buffers = {name: buffer for name, buffer in model.named_buffers() if name.endswith(field)}
    (name, buffer), = buffers.items()
    buffer.mul_(1.5)
    with pytest.raises(vitc.Unsupported) as raised:
        convert(model, tmp_path / "plan.bin")
    assert raised.value.field == name and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name, pooled", [
    ("ViT", True), ("ViT", False), ("Beit", True), ("Data2VecVision", True), ("DeiT", False)])
def test_poolings_of_transformers(tmp_path, name, pooled):
    transformers = pytest.importorskip("transformers")
    config = getattr(transformers, f"{name}Config")(
        hidden_size=48, num_hidden_layers=2, num_attention_heads=4, intermediate_size=96, image_size=32, patch_size=8)
    model = spread(getattr(transformers, f"{name}Model")(config, add_pooling_layer=pooled))
    pixels = torch.randn(2, 3, 32, 32)
    with torch.no_grad():
        told = model(pixels)
    expected = (told.pooler_output if pooled else told.last_hidden_state[:, 0]).numpy()
    plan = convert(model, tmp_path / "plan.bin", mean=[0.5] * 3, std=[0.5] * 3)
    with vitc.Session(plan, batch=2) as session:
        assert np.abs(session.run(pixels.numpy()) - expected).max() <= 2e-5 * np.abs(expected).max()


def test_half_precision_is_taken_as_it_is(tmp_path):
    timm = pytest.importorskip("timm")
    model = spread(timm.create_model("vit_tiny_patch16_224", **SMALL))
    for kind in (torch.float16, torch.bfloat16):
        narrow = model.to(kind)
        plan = convert(narrow, tmp_path / "plan.bin")
        check(narrow.float(), plan, 32)


def test_meta_and_sparse_tensors_are_refused(tmp_path):
    for tensor in (torch.zeros(4, 4, device="meta"), torch.eye(4).to_sparse(),
                   torch.quantize_per_tensor(torch.zeros(4), 1, 0, torch.qint8)):
        with pytest.raises(vitc.InvalidArgument):
            vitc.convert({"a": tensor}, tmp_path / "plan.bin")


def test_an_image_processor_of_transformers(tmp_path):
    transformers = pytest.importorskip("transformers")
    config = transformers.ViTConfig(
        hidden_size=48, num_hidden_layers=1, num_attention_heads=4, intermediate_size=96, image_size=32, patch_size=8,
        num_labels=7)
    model = transformers.ViTForImageClassification(config).eval()
    processor = transformers.ViTImageProcessorPil(
        size={"height": 32, "width": 32}, resample=3, image_mean=[0.1, 0.2, 0.3], image_std=[0.4, 0.5, 0.6])
    plan = convert(model, tmp_path / "plan.bin", preprocessor=processor)
    said = plan.inspect()["preprocess"]
    assert said["mean"] == pytest.approx([0.1, 0.2, 0.3]) and said["interpolation"] == "bicubic"
    image = np.random.default_rng(4).integers(0, 256, (45, 61, 3)).astype(np.uint8)
    with torch.no_grad():
        expected = model(**processor(image, return_tensors="pt")).logits[0].softmax(0).numpy()
    with vitc.Session(plan) as session:
        found = {entry.index: entry.probability for entry in session.classify(image, top=7)[0]}
    assert [found[index] for index in range(7)] == pytest.approx(expected.tolist(), abs=1e-6)
