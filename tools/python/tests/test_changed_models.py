"""Models that were changed after they were built: converted as they are now, or refused by the place of the change."""

import functools

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
    ("head.out_features", of("", head=torch.nn.Linear(48, 9))),
    ("_compiled_call_impl", of("", _compiled_call_impl=lambda x: x)),
    ("blocks.1._compiled_call_impl", of("blocks.1", _compiled_call_impl=lambda x: x)),
    ("blocks.order", lambda model: model.blocks._modules.update({"0": model.blocks._modules.pop("0")})),
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


def test_another_classifier_is_refused_by_what_makes_it_known(tmp_path):
    timm = pytest.importorskip("timm")
    model = spread(timm.create_model("vit_tiny_patch16_224", **SMALL))
    model.head = torch.nn.Linear(48, 9)
    with pytest.raises(vitc.Unsupported, match="num_classes = 9") as raised:
        convert(model, tmp_path / "plan.bin")
    assert raised.value.field == "head.out_features" and "reset_classifier(9)" in raised.value.expected
    model.num_classes = 9
    check(model, convert(model, tmp_path / "plan.bin"), 32)


def test_a_compiled_model_is_the_same(tmp_path):
    timm = pytest.importorskip("timm")
    model = spread(timm.create_model("vit_tiny_patch16_224", **SMALL))
    convert(model, tmp_path / "plan.bin")
    model.compile()
    plan = convert(model, tmp_path / "compiled.bin")
    assert (tmp_path / "plan.bin").read_bytes() == (tmp_path / "compiled.bin").read_bytes()
    model._compiled_call_impl = None
    check(model, plan, 32)


def small_vit(transformers):
    return transformers.ViTModel(transformers.ViTConfig(
        hidden_size=48, num_hidden_layers=2, num_attention_heads=4, intermediate_size=96, image_size=32, patch_size=8))


def decorated(function):
    """Does otherwise under the same name and module."""
    return functools.wraps(function)(lambda *values, **options: function(*values, **options) * 2)


@pytest.mark.parametrize("home, member, field", [
    ("timm.layers.Attention", "forward", "blocks.0.attn.forward"),
    ("torch.nn.GELU", "forward", "blocks.0.mlp.act.forward"),
    ("timm.models.vision_transformer.VisionTransformer", "pool", "pool"), ("torch.nn.Module", "__call__", "__call__"),
    ("torch.nn.functional", "gelu", "torch.nn.functional.gelu"),
    ("timm.models.vision_transformer", "global_pool_nlc", "timm.models.vision_transformer.global_pool_nlc")])
@pytest.mark.parametrize("patch", [
    decorated, lambda function: lambda *values, **options: function(*values, **options)], ids=["decorated", "plain"])
def test_patched_functions_of_packages_are_refused(tmp_path, monkeypatch, home, member, field, patch):
    timm = pytest.importorskip("timm")
    package, *steps = home.split(".")
    owner = functools.reduce(getattr, steps, {"timm": timm, "torch": torch}[package])
    model = timm.create_model("vit_tiny_patch16_224", **SMALL)
    monkeypatch.setattr(owner, member, patch(getattr(owner, member)))
    with pytest.raises(vitc.Unsupported) as raised:
        convert(model, tmp_path / "plan.bin")
    assert raised.value.field == field and __file__ in raised.value.found and list(tmp_path.iterdir()) == []
    monkeypatch.undo()
    convert(model, tmp_path / "plan.bin")


@pytest.mark.parametrize("replace", [
    lambda: torch.nn.ReLU.forward, lambda: torch.nn.ReLU(), lambda: functools.partial(lambda *_: None),
    lambda: staticmethod(torch.nn.functional.relu)])
def test_a_method_of_another_class_is_refused(tmp_path, monkeypatch, replace):
    timm = pytest.importorskip("timm")
    model = timm.create_model("vit_tiny_patch16_224", **SMALL)
    monkeypatch.setattr(torch.nn.GELU, "forward", replace())
    with pytest.raises(vitc.Unsupported) as raised:
        convert(model, tmp_path / "plan.bin")
    assert raised.value.field == "blocks.0.mlp.act.forward"


def test_patched_functions_of_transformers_are_refused(tmp_path, monkeypatch):
    transformers = pytest.importorskip("transformers")
    model = small_vit(transformers)
    convert(model, tmp_path / "plan.bin")
    monkeypatch.setattr(transformers.ViTModel, "forward", decorated(transformers.ViTModel.forward))
    with pytest.raises(vitc.Unsupported) as raised:
        convert(model, tmp_path / "other.bin")
    assert raised.value.field == "forward"
    monkeypatch.undo()
    functions = getattr(transformers.modeling_utils, "ALL_ATTENTION_FUNCTIONS", None)
    if functions is None:
        pytest.skip("an older transformers")
    mapping = getattr(functions, "_global_mapping", functions)
    monkeypatch.setitem(mapping, model.config._attn_implementation, lambda *_: None)
    with pytest.raises(vitc.Unsupported) as raised:
        convert(model, tmp_path / "other.bin")
    assert raised.value.field == "attn_implementation"


def test_the_attention_of_parts_counts(tmp_path):
    transformers = pytest.importorskip("transformers")
    size = {"hidden_size": 48, "num_hidden_layers": 1, "num_attention_heads": 4, "intermediate_size": 96}
    model = transformers.CLIPModel(transformers.CLIPConfig(
        vision_config={**size, "image_size": 32, "patch_size": 8}, text_config={**size, "vocab_size": 64}))
    convert(model, tmp_path / "plan.bin")
    model.vision_model.config._attn_implementation = "mine"
    with pytest.raises(vitc.Unsupported) as raised:
        convert(model, tmp_path / "other.bin")
    assert raised.value.field == "attn_implementation" and raised.value.found == "mine"


@pytest.mark.parametrize("register", [
    "register_module_forward_hook", "register_module_forward_pre_hook", "register_module_module_registration_hook",
    "register_module_parameter_registration_hook", "register_module_buffer_registration_hook"])
def test_hooks_of_all_modules_are_refused(tmp_path, register):
    timm = pytest.importorskip("timm")
    model = timm.create_model("vit_tiny_patch16_224", **SMALL)
    hook = getattr(torch.nn.modules.module, register)(lambda *_: None)
    try:
        with pytest.raises(vitc.Unsupported) as raised:
            convert(model, tmp_path / "plan.bin")
    finally:
        hook.remove()
    assert "_hooks" in raised.value.field and list(tmp_path.iterdir()) == []
    convert(model, tmp_path / "plan.bin")


@pytest.mark.parametrize("path, tensor", [("blocks.0.mlp.fc1", "weight"), ("", "pos_embed")])
def test_tensors_of_other_classes_are_refused(tmp_path, path, tensor):
    timm = pytest.importorskip("timm")
    model = timm.create_model("vit_tiny_patch16_224", **SMALL)
    part = model.get_submodule(path)
    kind = type("Other", (torch.Tensor,), {})
    setattr(part, tensor, torch.nn.Parameter(getattr(part, tensor).detach().as_subclass(kind)))
    with pytest.raises(vitc.Unsupported) as raised:
        convert(model, tmp_path / "plan.bin")
    assert raised.value.field == f"{path}.{tensor}".lstrip(".") and raised.value.found.endswith("Other")


@pytest.mark.parametrize("path, field", [("", "class"), ("blocks.1.drop_path1", "blocks.1.drop_path1.class")])
def test_classes_that_claim_to_be_of_a_package_are_refused(tmp_path, path, field):
    timm = pytest.importorskip("timm")
    model = timm.create_model("vit_tiny_patch16_224", **SMALL)
    kind = type(model.get_submodule(path))
    model.get_submodule(path).__class__ = type(
        kind.__name__, (kind,), {"__module__": kind.__module__, "forward": lambda self, x: x * 2})
    with pytest.raises(vitc.Unsupported) as raised:
        convert(model, tmp_path / "plan.bin")
    assert raised.value.field == field and list(tmp_path.iterdir()) == []


def test_the_order_of_transformers_layers_counts(tmp_path):
    transformers = pytest.importorskip("transformers")
    model = small_vit(transformers)
    layers = next(part for part in model.modules() if isinstance(part, torch.nn.ModuleList))
    layers._modules["0"] = layers._modules.pop("0")
    with pytest.raises(vitc.Unsupported) as raised:
        convert(model, tmp_path / "plan.bin")
    assert raised.value.field.endswith("order")


@pytest.mark.parametrize("kind", ["timm", "transformers"])
def test_adapters_are_refused_by_what_merges_them(tmp_path, kind):
    """As peft puts them in, whose classes stand for a layer or the whole model."""
    package = pytest.importorskip(kind)
    if kind == "timm":
        model = package.create_model("vit_tiny_patch16_224", **SMALL)
    else:
        model = small_vit(package)
    adapted = type("Linear", (torch.nn.Linear,), {"__module__": "peft.tuners.lora.layer"})
    path = next(name for name, part in model.named_modules() if isinstance(part, torch.nn.Linear))
    model.get_submodule(path).__class__ = adapted
    whole = type("PeftModel", (torch.nn.Module,), {"__module__": "peft.peft_model"})()
    whole.base_model = model
    for source, field in ((model, path), (whole, "class")):
        with pytest.raises(vitc.Unsupported, match="merge_and_unload") as raised:
            convert(source, tmp_path / "plan.bin")
        assert raised.value.field == field and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("change", [
    "a subclass", "one that claims to be transformers'", "a method", "the class's method"])
def test_image_processors_that_were_changed_are_refused(tmp_path, monkeypatch, change):
    transformers = pytest.importorskip("transformers")
    model = small_vit(transformers)
    processor = transformers.ViTImageProcessorPil(size={"height": 32, "width": 32})
    kind = type(processor)
    convert(model, tmp_path / "plan.bin", preprocessor=processor)
    if change == "a subclass":
        processor = type(kind.__name__, (kind,), {})(size=processor.size)
    elif change == "one that claims to be transformers'":
        processor = type(kind.__name__, (kind,), {"__module__": kind.__module__})(size=processor.size)
    elif change == "a method":
        processor.preprocess = processor.preprocess
    else:
        monkeypatch.setattr(kind, "preprocess", lambda *_: None)
    with pytest.raises(vitc.InvalidArgument) as raised:
        convert(model, tmp_path / "other.bin", preprocessor=processor)
    assert raised.value.option.startswith("preprocessor") and not (tmp_path / "other.bin").exists()
