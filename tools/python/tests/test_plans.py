"""Plans from checkpoints, from memory and from other plans."""

import html
import json
import os
import re
import signal
import struct
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import vitc
from conftest import MODEL, ROOT


def safetensors(path):
    """The tensors of a file, read by the format's description."""
    data = Path(path).read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + length])
    types = {"F32": "<f4", "F16": "<f2", "I64": "<i8"}
    return {
        name: np.frombuffer(data, types[entry["dtype"]], offset=8 + length + entry["data_offsets"][0],
                            count=int(np.prod(entry["shape"]))).reshape(entry["shape"])
        for name, entry in header.items() if name != "__metadata__"}


@pytest.fixture(scope="module")
def tensors():
    return safetensors(MODEL / "dense.safetensors")


@pytest.fixture(scope="module")
def config():
    return json.loads(MODEL.joinpath("config.json").read_text())


def graph(plan):
    """What a plan is, but for where it came from."""
    return {key: value for key, value in plan.inspect().items() if key not in ("provenance", "plan_bytes")}


def test_a_plan_says_what_it_is(dense, fast, labels):
    assert dense.inspect()["outputs"] == ["logits"] and dense.inspect()["classes"] == len(labels)
    assert dense.inspect()["tokens"] == [197] * 12 and len(fast.inspect()["schedule"]) == 3
    assert fast.report["executed_gmacs"] < fast.report["dense_gmacs"] == dense.inspect()["gmacs"]
    dense.verify()
    fast.verify()
    assert os.fspath(fast) == fast.path


def test_notes_warn(tmp_path, tensors):
    with pytest.raises(vitc.MissingValue) as raised:
        vitc.convert(tensors, tmp_path / "plan.bin")
    assert raised.value.field == "heads"
    with pytest.warns(vitc.VitcWarning, match="assumed"):
        plan = vitc.convert(tensors, tmp_path / "plan.bin", heads=4)
    assert any("assumed" in note for note in plan.notes)


class Interrupted(dict):
    """Tensors that are asked for twice, first what they are and then their bytes: of the third a signal comes with those."""

    def __init__(self, tensors, signal_number):
        super().__init__(tensors)
        self._left, self._number = len(tensors) + 3, signal_number

    def __getitem__(self, key):
        self._left -= 1
        if self._left == 0:
            # A moment later, most often where the next call begins.
            threading.Timer(0, signal.raise_signal, [self._number]).start()
        return super().__getitem__(key)


@pytest.fixture
def ctrl_c():
    """Ctrl-C as Python has it, which is not so where a shell has started it in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_ends_a_conversion_of_tensors(ctrl_c, tmp_path, tensors, config):
    plan = tmp_path / "plan.bin"
    whole = Path(vitc.convert(tensors, tmp_path / "whole.bin", config=config).path).read_bytes()
    for _ in range(20):
        with pytest.raises(KeyboardInterrupt):
            vitc.convert(Interrupted(tensors, signal.SIGINT), plan, config=config)
            time.sleep(1)  # It may come behind the call too.
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        assert not plan.exists() or plan.read_bytes() == whole
        plan.unlink(missing_ok=True)


def test_what_a_handler_raises_leaves_no_plan_of_other_weights(tmp_path, tensors, config):
    def stop(*_):
        raise ValueError("stop")

    plan = tmp_path / "plan.bin"
    whole = Path(vitc.convert(tensors, tmp_path / "whole.bin", config=config).path).read_bytes()
    before = signal.signal(signal.SIGUSR1, stop)
    try:
        for _ in range(20):
            # Where `read` begins ctypes takes what is raised, and the tensor is missed at the end.
            with pytest.raises((ValueError, RuntimeError), match="stop|are missing"):
                vitc.convert(Interrupted(tensors, signal.SIGUSR1), plan, config=config)
                time.sleep(1)
            assert not plan.exists() or plan.read_bytes() == whole
            plan.unlink(missing_ok=True)
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_ctrl_c_ends_a_search(ctrl_c, dense, images, tmp_path):
    timer = threading.Timer(0.3, signal.raise_signal, [signal.SIGINT])
    timer.start()
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        dense.search(tmp_path / "plan.bin", images=images[0].parent, budget=0.6, evaluations=10_000)
    assert time.monotonic() - start < 30 and not (tmp_path / "plan.bin").exists()


def test_notes_say_which_configurations_were_found(tmp_path, tensors, config):
    processor = {"image_processor_type": "ViTImageProcessor", "do_resize": True, "size": {"height": 224, "width": 224},
                 "do_normalize": True, "image_mean": [0.25] * 3, "image_std": [0.5] * 3}
    for name, content in (("config.json", config), ("preprocessor_config.json", processor)):
        tmp_path.joinpath(name).write_text(json.dumps(content))
    with pytest.warns(vitc.VitcWarning, match="using .*preprocessor_config.json"):
        plan = vitc.convert(tensors, tmp_path / "plan.bin", config=tmp_path / "config.json")
    assert plan.inspect()["preprocess"]["mean"] == [0.25] * 3
    assert not any("config.json" in note and "preprocessor" not in note for note in plan.notes)


def test_a_state_dict_is_its_file(dense, tensors, config, labels, tmp_path, tensor):
    shuffled = dict(reversed(list(tensors.items())))
    forms = {
        "plain": tensors, "shuffled": shuffled,
        "big-endian": {name: array.astype(array.dtype.newbyteorder(">")) for name, array in tensors.items()},
        "columns": {name: np.asfortranarray(array) for name, array in tensors.items()},
        "views": {name: np.repeat(array[None], 2, 0)[::-1][1] for name, array in tensors.items()}}
    with vitc.Session(dense) as session:
        expected = session.run(tensor)
    for name, form in forms.items():
        plan = vitc.convert(form, tmp_path / f"{name}.bin", config=config, labels=labels)
        assert graph(plan) == graph(dense), name
        with vitc.Session(plan) as session:
            assert np.array_equal(session.run(tensor), expected), name


def test_a_checkpoint_without_what_it_needs_is_refused(tensors, tmp_path):
    path = tmp_path / "plan.bin"
    lacking = {name: array for name, array in tensors.items() if "blocks.3.attn.qkv.weight" not in name}
    for source in (lacking, {}, {"a": np.zeros(3, np.float32)}, {**tensors, "another": np.zeros(3, np.float32)}):
        with pytest.raises(vitc.VitcError):
            vitc.convert(source, path)
    for source, name in [
            ({"a": "text"}, "a"), ({"a": np.array(["text"])}, "a"), ({"a": np.zeros(3, np.complex64)}, "a"),
            ({"a": np.array([object()])}, "a"), ({3: np.zeros(3)}, "source"), ({"a\0": np.zeros(3)}, "source"),
            (3.5, "source"), (None, "source"), (object(), "source"), (["a"], "source")]:
        with pytest.raises(vitc.InvalidArgument) as raised:
            vitc.convert(source, path)
        assert raised.value.option == name
    assert list(tmp_path.iterdir()) == []


def test_an_exception_while_tensors_are_read_ends_the_conversion(tensors, tmp_path):
    class Failing:
        dtype, shape, layout = np.dtype(np.float32), (4, 4), "torch.strided"

        def detach(self):
            raise ZeroDivisionError("not today")

    with pytest.raises(ZeroDivisionError, match="not today"):
        vitc.convert({**tensors, "another": Failing()}, tmp_path / "plan.bin")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("options", [
    {}, {"keep": 0}, {"keep": 2.0}, {"keep": []}, {"keep": "0.7"}, {"keep": float("nan")}, {"keep": [0.7, 0.5]},
    {"keep": 0.7, "r": 3}, {"keep": 0.7, "strategy": "best"}, {"keep": 0.7, "layers": [0]}, {"budget": 2},
    {"budget": 0.5, "target_gmacs": 1}, {"r": -1}, {"remove": [1 << 62]}, {"keep": 0.7, "layers": [1 << 70]},
    {"dense": True}, {"keep": 0.7, "seed": 3}, {"multi_scale": True}, {"keep": object()}])
def test_rewrites_that_do_not_suit_are_refused(dense, tmp_path, options):
    with pytest.raises(vitc.VitcError):
        dense.rewrite(tmp_path / "plan.bin", **options)
    assert list(tmp_path.iterdir()) == []


def test_rewrites_take_what_numpy_has(dense, tmp_path):
    schedule = np.array([0, 0, 0, 32, 11])
    plan = dense.rewrite(tmp_path / "plan.bin", remove=schedule, strategy="tome")
    assert [entry["removed"] for entry in plan.inspect()["schedule"]] == [32, 11]


def test_a_plan_in_eight_bits_is_that_of_a_conversion_to_it(dense, config, tensors, labels, tmp_path, tensor):
    plan = dense.quantize(tmp_path / "int8.bin")
    plan.verify()
    assert plan.inspect()["weights"] == "f32+int8" and plan.report["int8_weights"] == 49
    assert plan.report["bytes"] == plan.inspect()["plan_bytes"] < plan.report["original_bytes"] / 2
    converted = vitc.convert(tensors, tmp_path / "converted.bin", config=config, labels=labels, weights="int8")
    assert graph(converted) == graph(plan)
    with vitc.Session(plan) as session, vitc.Session(converted) as other, vitc.Session(dense) as original:
        logits = session.run(tensor)
        assert np.array_equal(other.run(tensor), logits)
        assert 0 < np.abs(logits - original.run(tensor)).max() < 0.5


def test_layers_can_stay_as_they_are(dense, tmp_path):
    plan = dense.quantize(tmp_path / "int8.bin", keep_f32=("blocks.0.*", "blocks.1.mlp.fc1.weight"))
    assert plan.report["int8_weights"] == 44
    kept = [name for name in plan.inspect()["unquantized"] if name.startswith("blocks.")]
    assert len(kept) == 5 and "blocks.1.mlp.fc1.weight" in kept


def test_a_check_compares_both_plans(dense, images, tmp_path):
    folder = tmp_path / "images"
    folder.mkdir()
    for number, image in enumerate(images):
        # The class is the number that the name begins with: right of one image.
        name = {"triangle-rows": 8}.get(image.name.split("_")[0], 0)
        folder.joinpath(f"{name}_{number}.png").write_bytes(image.read_bytes())
    folder.joinpath("0_broken.png").write_bytes(b"no image")
    with pytest.warns(vitc.VitcWarning, match="broken.*; skipped"):
        plan = dense.quantize(tmp_path / "int8.bin", check=folder)
    report = plan.report
    assert report["images"] == report["labelled"] == len(images) and report["skipped"] == 1
    with vitc.Session(dense) as original, vitc.Session(plan) as quantized:
        paths = [path for path in sorted(folder.iterdir()) if "broken" not in path.name]
        expected = [classes[0].index for classes in original.classify(paths)]
        found = [classes[0].index for classes in quantized.classify(paths)]
    agreement = np.mean([one == other for one, other in zip(expected, found)])
    right = [int(path.name.split("_")[0]) for path in paths]
    assert report["agreement"] == agreement and 0 < report["kl"] < 0.05
    assert report["original_top1"] == np.mean([one == other for one, other in zip(expected, right)])
    assert report["top1"] == np.mean([one == other for one, other in zip(found, right)])
    assert (report["layers"] == []) == (agreement >= 0.985)


def test_quantizations_that_do_not_suit_are_refused(dense, images, tmp_path, features):
    empty, broken = tmp_path / "empty", tmp_path / "broken"
    empty.mkdir()
    broken.mkdir()
    broken.joinpath("0_0.png").write_bytes(b"no image")
    for options in (
            {"keep_f32": ["no.such"]}, {"keep_f32": ["*"]}, {"keep_f32": "head"}, {"keep_f32": [3]}, {"check": 3},
            {"check": empty}, {"check": "/nowhere"}):
        with pytest.raises(vitc.VitcError):
            dense.quantize(tmp_path / "int8.bin", **options)
    with pytest.raises(vitc.InvalidArgument) as raised:
        dense.quantize(tmp_path / "int8.bin", keep_f32=["no.such"])
    assert (raised.value.option, raised.value.field) == ("keep_f32", "no.such")
    with pytest.raises(vitc.OutputError):
        dense.quantize(dense.path, check=images[0].parent)
    with pytest.raises(vitc.VitcError):
        vitc.Plan(features).quantize(tmp_path / "int8.bin", check=images[0].parent)
    with pytest.raises(vitc.InvalidFile, match="images"):
        dense.quantize(tmp_path / "int8.bin", check=broken)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken", "empty"]
    plan = dense.quantize(tmp_path / "int8.bin")
    with pytest.raises(vitc.InvalidFile, match="int8 already"):
        plan.quantize(tmp_path / "again.bin")
    assert not (tmp_path / "again.bin").exists()


def test_outputs_are_whole_or_not_at_all(dense, tmp_path):
    with pytest.raises(vitc.OutputError):
        dense.rewrite(dense.path, keep=0.7)
    with pytest.raises(vitc.OutputError):
        dense.rewrite(tmp_path / "no folder" / "plan.bin", keep=0.7)
    dense.verify()


def test_paths_are_bytes(dense, tmp_path):
    path = os.path.join(os.fsencode(tmp_path), b"plan \xff\n.bin")
    plan = dense.rewrite(os.fsdecode(path), keep=0.7)
    assert os.listdir(os.fsencode(tmp_path)) == [b"plan \xff\n.bin"]
    assert vitc.Plan(os.fsdecode(path)).inspect() == plan.inspect()
    os.truncate(path, 3000)
    with pytest.raises(vitc.InvalidFile) as raised:
        plan.inspect()
    assert os.fsencode(raised.value.file) == path and "\n" not in str(raised.value)


def test_a_search_finds_a_plan_and_tells_of_its_progress(dense, images, tmp_path):
    told = []
    plan = dense.search(
        tmp_path / "plan.bin", images[0].parent, budget=0.8, count=4, evaluations=3, report=tmp_path / "page.html",
        progress=lambda *all: told.append(all))
    assert [step[:2] for step in told] == [(1, 3), (2, 3), (3, 3)]
    assert plan.report["images"] == 4 and len(plan.report["removed"]) > 0
    assert plan.report["executed_gmacs"] <= 0.8 * plan.report["dense_gmacs"]
    plan.verify()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["page.html", "plan.bin"]
    page = tmp_path.joinpath("page.html").read_text()
    again = html.unescape(re.search("vitc_rewrite with ([^<]*)<", page).group(1))
    assert json.loads(again) == {"strategy": "weighted", "remove": plan.report["removed"]}
    rewritten = dense.rewrite(tmp_path / "again.bin", **json.loads(again))
    assert graph(rewritten) == graph(plan)


def test_an_exception_in_a_callback_ends_the_search(dense, images, tmp_path):
    for error in (ZeroDivisionError, KeyboardInterrupt):
        def fail(*_):
            raise error("not today")

        with pytest.raises(error, match="not today"):
            dense.search(
                tmp_path / "plan.bin", images[0].parent, budget=0.8, count=2, evaluations=2, progress=fail)
        assert not (tmp_path / "plan.bin").exists()
        with pytest.raises(vitc.VitcError):
            dense.search(tmp_path / "plan.bin", "/nowhere", budget=0.8)


def test_a_cascade_is_one_plan_with_a_margin(dense, images, tmp_path, tensor):
    plan = dense.search(
        tmp_path / "plan.bin", images[0].parent, budget=0.6, count=4, evaluations=2, cascade=True)
    assert 0 <= plan.report["margin"] <= 1 and plan.inspect()["cascade"]["margin"] == plan.report["margin"]
    with vitc.Session(dense) as session:
        expected = session.run(tensor)
    with vitc.Session(plan, margin=1, batch=2) as session:
        # Every image goes on, but for one of which the first program is wholly sure.
        assert np.array_equal(session.run(tensor), expected)
        with pytest.raises(vitc.Unsupported):
            session.embed(images)
    again = plan.rewrite(tmp_path / "dense.bin", dense=True)
    with vitc.Session(again) as session:
        assert np.array_equal(session.run(tensor), expected)
    with pytest.raises(vitc.InvalidArgument):
        vitc.Session(plan, margin=1.5)


def test_methods_say_what_a_checkpoint_was_trained_with(tmp_path, dense, tensors, config):
    own = {"config": config, "method": "evit", "keep": 0.5, "layers": [4, 7, 10], "fuse": True}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", vitc.VitcWarning)
        evit = vitc.convert(tensors, tmp_path / "evit.bin", **own)
        said = {"method": "evit", "keep_rate": 0.5, "blocks": [3, 6, 9], "fuse": True}
        same = vitc.convert(tensors, tmp_path / "same.bin", config=config | {"token_reduction": said})
    assert graph(evit) == graph(same) and evit.inspect()["gmacs"] < dense.inspect()["gmacs"]
    fused = dense.rewrite(tmp_path / "fused.bin", keep=0.5, strategy="fuse")
    assert evit.inspect()["schedule"] == fused.inspect()["schedule"]
    with pytest.raises(vitc.MissingValue) as raised:
        vitc.convert(tensors, tmp_path / "none.bin", **{**own, "fuse": None})
    assert raised.value.field == "fuse" and "token_reduction.fuse" in str(raised.value)
    with pytest.raises(vitc.InvalidArgument, match="^keep: "):
        vitc.convert(tensors, tmp_path / "none.bin", **{**own, "keep": 2})


def test_an_export_is_a_model_that_converts_to_the_same_plan(dense, fast, tmp_path, tensor):
    model = tmp_path / "model.onnx"
    report = dense.export(model, opset=20, batch=2)
    assert report["nodes"] > 100 and report["data"] is None and report["notes"] == []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", vitc.VitcWarning)
        again = vitc.convert(model, tmp_path / "again.bin")
    assert graph(again) == graph(dense)
    with vitc.Session(dense) as one, vitc.Session(again) as other:
        assert np.array_equal(one.run(tensor), other.run(tensor))
    split = dense.export(tmp_path / "split.onnx", dynamic_batch=True, external_data=True)
    assert os.path.getsize(split["data"]) > 10 * os.path.getsize(tmp_path / "split.onnx")
    assert fast.export(tmp_path / "fast.onnx")["nodes"] > report["nodes"]
    one = dense.export(tmp_path / "one.onnx", opset=20)
    assert fast.export(tmp_path / "base.onnx", opset=20, base=True) == one
    for options, option in [
            ({"opset": 16}, "opset"), ({"batch": 0}, "batch"), ({"batch": 2, "dynamic_batch": True}, "batch"),
            ({"base": True, "dense": True}, "base")]:
        with pytest.raises(vitc.InvalidArgument) as raised:
            dense.export(tmp_path / "none.onnx", **options)
        assert raised.value.option == option
    with pytest.raises(vitc.InvalidFile):
        dense.export(tmp_path / "none.onnx", dense=True)
    assert not (tmp_path / "none.onnx").exists()


def test_a_plan_of_grey_images_takes_images_of_every_kind(tmp_path, images):
    source = ROOT / "Tests/Fixtures/imports/timm_patch_2x8_in_chans_1"
    with pytest.warns(vitc.VitcWarning, match="images become grey"):
        plan = vitc.convert(source, tmp_path / "grey.bin")
    assert (plan.inspect()["channels"], plan.inspect()["patch_size"]) == (1, [2, 8])
    with vitc.Session(plan) as session:
        assert session.channels == 1
        pillow = Image.open(images[0])
        kinds = [images[0], images[0].read_bytes(), pillow, pillow.convert("L"), np.asarray(pillow.convert("RGB"))]
        results = [session.classify(image)[0] for image in kinds]
        assert all(result == results[0] for result in results)
        assert session.run(np.zeros((2, 1, 16, 16), np.float32)).shape == (2, 5)
        with pytest.raises(vitc.InvalidArgument) as raised:
            session.run(np.zeros((2, 3, 16, 16), np.float32))
        assert "[n, 1, 16, 16]" in raised.value.expected


def test_a_plan_of_four_channels_runs_arrays_alone(tmp_path, images):
    with pytest.warns(vitc.VitcWarning, match="it runs tensors"):
        plan = vitc.convert(ROOT / "Tests/Fixtures/imports/timm_in_chans_4", tmp_path / "four.bin")
    with vitc.Session(plan) as session:
        assert session.run(np.zeros((1, 4, 16, 16), np.float32)).shape == (1, 5)
        with pytest.raises(vitc.Unsupported) as raised:
            session.classify(images[0])
        assert raised.value.field == "channels"
