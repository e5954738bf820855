"""Images and tensors through plans."""

import io
import json
import multiprocessing
import os
import pickle
import subprocess
import sys
import threading
from ctypes import byref, c_uint64
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import vitc
from vitc._images import ImageArguments
from vitc._library import vitrun


def test_images_of_every_kind_have_the_same_classes(session, images):
    path = images[0]
    image = Image.open(path)
    array = np.asarray(image.convert("RGB"))
    kinds = [
        str(path), path, path.read_bytes(), bytearray(path.read_bytes()), memoryview(path.read_bytes()), image, array,
        np.asfortranarray(array), np.repeat(array, 2, axis=1)[:, ::2], array[::-1][::-1]]
    results = session.classify(kinds, top=3)
    assert len(results) == len(kinds)
    assert all(result == results[0] for result in results)
    best = results[0][0]
    assert best.label == path.stem.split("_")[0].replace("-", " of ") and best.probability > 0.9
    assert session.labels[best.index] == best.label
    assert sorted((entry.probability for entry in results[0]), reverse=True) == [
        entry.probability for entry in results[0]]


def test_one_image_stands_for_a_list_of_it(session, images):
    assert session.classify(images[0]) == session.classify([images[0]])
    assert session.classify(iter(images)) == session.classify(list(images))
    assert len(session.classify(np.zeros((3, 8, 9, 3), np.uint8))) == 3


def test_every_label_is_that_of_the_file(fast, images):
    with vitc.Session(fast, batch=4) as session:
        for path, classes in zip(images, session.classify(images, top=1)):
            assert classes[0].label == path.stem.split("_")[0].replace("-", " of ")


def test_logits_do_not_depend_on_batch_threads_or_how_the_plan_is_opened(fast, tensor):
    with vitc.Session(fast) as session:
        expected = session.run(tensor)
    assert expected.shape == (5, 24) and expected.dtype == np.float32 and np.isfinite(expected).all()
    plan = Path(fast.path).read_bytes()
    for source, options in [
            (fast.path, {"batch": 2}), (Path(fast.path), {"batch": 8, "threads": 2}), (plan, {"batch": 3}),
            (memoryview(plan), {}), (fast, {"mapping": False})]:
        with vitc.Session(source, **options) as session:
            assert np.array_equal(session.run(tensor), expected)
            assert np.array_equal(session.run(tensor[::2]), expected[::2])


def test_stages_account_for_every_patch(session, images):
    stages = session.stages(images[0])
    assert [stage.block for stage in stages] == [4, 7, 10]
    left = [len(stage.kept) for stage in stages]
    assert left == sorted(left, reverse=True) and len(stages[0].owners) == 196
    for stage in stages:
        assert set(owner for owner in stage.owners if owner is not None) == set(stage.kept)


def test_embeddings(features):
    with vitc.Session(features) as session:
        assert session.features == 2 and session.classes == 0 and session.labels == ()
        height, width = session.input_size
        image = np.arange(3 * 16, dtype=np.uint8).reshape(height, width, 3)
        rows = session.embed([image, image])
        assert rows.shape == (2, 2) and rows.dtype == np.float32 and np.array_equal(rows[0], rows[1])
        assert session.run(np.zeros((1, 3, height, width), np.float32)).shape == (1, 2)
        with pytest.raises(vitc.Unsupported) as raised:
            session.classify(image)
        assert raised.value.expected == "logits" and raised.value.found == "features"


def test_a_plan_without_embeddings_says_so(session, images, fast):
    with pytest.raises(vitc.Unsupported) as raised:
        session.embed(images)
    error = raised.value
    assert (error.file, error.field, error.expected, error.found) == (fast.path, "outputs", "features", "logits")


def test_what_is_wrong_with_one_image_concerns_no_other(session, images):
    mixed = [images[0], b"no image", "/nowhere/photo.jpg", images[0], b"", np.zeros((4, 4, 3), np.uint8)]
    results = session.classify(mixed, errors="return")
    assert [type(result) for result in results] == [
        list, vitc.InvalidFile, vitc.UnreadableFile, list, vitc.InvalidFile, list]
    assert results[1].file == "images[1]" and results[2].file == "/nowhere/photo.jpg"
    assert results[0] == results[3]
    with pytest.raises(vitc.InvalidFile) as raised:
        session.classify(mixed)
    assert "JPEG, PNG, WebP, GIF, BMP or TIFF" in str(raised.value)


def test_images_that_cannot_be_taken_concern_no_other_either(session, fast, images, tmp_path):
    cut = tmp_path / "cut.png"
    cut.write_bytes(Path(images[0]).read_bytes()[:3000])
    good = session.classify(images[0])[0]
    wrong = [np.zeros((4, 4, 3), np.float32), np.zeros((4, 4), np.uint8), np.zeros((0, 4, 3), np.uint8), Image.open(cut)]
    for batch in (1, 4):
        with vitc.Session(fast, batch=batch) as other:
            results = other.classify([images[0], *wrong, images[0]], errors="return")
            assert results[0] == results[-1] and [entry.index for entry in results[0]] == [entry.index for entry in good]
            assert [type(result) for result in results[1:4]] == [vitc.InvalidArgument] * 3
            assert [result.option for result in results[1:4]] == ["images[1]", "images[2]", "images[3]"]
            assert isinstance(results[4], OSError)
            assert [type(result) for result in other.classify(wrong, errors="return")][:3] == [vitc.InvalidArgument] * 3
            with pytest.raises(vitc.InvalidArgument):
                other.classify([images[0], *wrong])


def test_texts_and_views_that_c_cannot_take_are_errors(session, images, tmp_path):
    columns = memoryview(np.asfortranarray(np.zeros((4, 4), np.uint8)))
    for call in (
        lambda: session.classify("/tmp/\ud800.png"), lambda: session.classify(columns), lambda: vitc.Session(columns),
        lambda: vitc.convert({"\ud800": np.zeros(1, np.float32)}, tmp_path / "plan.bin"),
        lambda: vitc.convert({3: np.zeros(1, np.float32)}, tmp_path / "plan.bin"),
    ):
        with pytest.raises(vitc.InvalidArgument):
            call()


def test_many_that_nobody_refers_to_are_closed_by_the_next_call(dense):
    handles = []
    for _ in range(1500):
        handle = c_uint64()
        vitrun.plan_open(os.fsencode(dense.path), None, byref(handle))
        handles.append(handle.value)
    vitrun._late.extend((vitrun.plan_close, handle) for handle in handles)
    with vitc.Session(dense):
        assert not vitrun._late
    for handle in (handles[0], handles[-1]):
        with pytest.raises(vitc.InvalidArgument):
            vitrun.plan_close(handle)


def test_a_colour_that_is_transparent_is_treated_as_in_files():
    image = Image.new("RGB", (2, 1), (10, 20, 30))
    image.putpixel((1, 0), (40, 50, 60))
    file = io.BytesIO()
    image.save(file, "PNG", transparency=(10, 20, 30))
    read = Image.open(io.BytesIO(file.getvalue()))
    white = ImageArguments([], alpha="white", exif="ignore")._as_rgb(read)
    assert np.asarray(white).tolist() == [[[255, 255, 255], [40, 50, 60]]]
    dropped = ImageArguments([], alpha="drop", exif="ignore")._as_rgb(read)
    assert np.asarray(dropped).tolist() == [[[10, 20, 30], [40, 50, 60]]]


def test_orientation_and_alpha_are_treated_alike_in_files_and_pillows_images(fast, images):
    turned = Image.open(images[0]).convert("RGB").rotate(90)
    exif = Image.Exif()
    exif[0x0112] = 8
    file = io.BytesIO()
    turned.save(file, "PNG", exif=exif)
    for treatment in ("ignore", "apply"):
        with vitc.Session(fast, exif=treatment) as session:
            one, other = session.classify([file.getvalue(), Image.open(io.BytesIO(file.getvalue()))])
            assert one == other
    for mode in ("RGBA", "L", "P", "LA", "1"):
        image = Image.open(images[0]).convert(mode)
        file = io.BytesIO()
        image.save(file, "PNG")
        with vitc.Session(fast) as session:
            one, other = session.classify([file.getvalue(), image])
            assert one == other, mode


@pytest.mark.parametrize("array", [
    np.zeros((0, 3, 224, 224), np.float32), np.zeros((1, 3, 224, 223), np.float32), np.zeros((3, 224, 224), np.float32),
    np.zeros((1, 3, 224, 224)), np.zeros((1, 3, 224, 224), np.uint8), np.zeros((1, 3, 224, 224), ">f4"),
    np.zeros((1, 3, 224, 224), np.complex64), np.full((1, 3, 224, 224), np.nan, np.float32), np.float32(1),
    np.full((1, 3, 224, 224), None), [[[[1.0]]]], None, "text"])
def test_arrays_that_are_none_of_the_models_are_refused(session, array):
    with pytest.raises(vitc.InvalidArgument) as raised:
        session.run(array)
    assert raised.value.expected and raised.value.found


def test_arrays_need_not_lie_together(session, tensor):
    expected = session.run(tensor)
    assert np.array_equal(session.run(np.asfortranarray(tensor)), expected)
    assert np.array_equal(session.run(tensor[::-1, :, ::-1])[::-1], session.run(tensor[:, :, ::-1].copy()))
    tensor.flags.writeable = False
    assert np.array_equal(session.run(tensor), expected)
    tensor.flags.writeable = True


@pytest.mark.parametrize("images", [
    [], None, 5, [None], [5], [["photo.jpg"]], np.zeros((4, 4), np.uint8), np.zeros((4, 4, 4), np.uint8),
    np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8), [b"x", 3.5], memoryview(b"abcdef")[::2], "a\0b", object()])
def test_what_is_no_image_is_refused(session, images):
    with pytest.raises(vitc.VitcError):
        session.classify(images)


@pytest.mark.parametrize("options", [
    {"batch": 0}, {"batch": -1}, {"batch": 1.5}, {"batch": "2"}, {"batch": None, "threads": 0}, {"threads": 1000},
    {"margin": 0.5}, {"margin": float("nan")}, {"exif": "turn"}, {"max_pixels": 0}, {"batch": 1 << 70},
    {"allow_large": 2}, {"batch": object()}])
def test_options_that_do_not_suit_are_refused(fast, options):
    with pytest.raises(vitc.VitcError):
        vitc.Session(fast, **options)


@pytest.mark.parametrize("plan", [b"", b"no plan", b"\0" * 4096, bytearray(70000), "/nowhere/plan.bin", "/", ""])
def test_what_is_no_plan_is_refused(plan):
    with pytest.raises(vitc.VitcError):
        vitc.Session(plan)


def test_a_damaged_plan_is_refused(fast):
    whole = Path(fast.path).read_bytes()
    for damage in (whole[:-64], whole[:1000], whole[:5000] + b"\xff" * 64 + whole[5064:]):
        with pytest.raises(vitc.InvalidFile):
            with vitc.Session(damage) as session:
                session.run(np.zeros((1, 3, 224, 224), np.float32))


def test_a_closed_session_is_an_error(fast, images, tensor):
    session = vitc.Session(fast)
    session.close()
    session.close()
    for use in (lambda: session.run(tensor), lambda: session.classify(images), lambda: session.stages(images[0])):
        with pytest.raises(vitc.InvalidArgument, match="a handle that is open"):
            use()
    with pytest.raises(TypeError):
        pickle.dumps(session)


def test_errors_keep_their_fields_when_they_are_sent_elsewhere(fast):
    with pytest.raises(vitc.InvalidArgument) as raised:
        vitc.Session(fast, batch=0)
    error = pickle.loads(pickle.dumps(raised.value))
    assert type(error) is vitc.InvalidArgument and isinstance(error, ValueError)
    assert (error.option, str(error)) == ("batch", str(raised.value))
    assert "1 to 65536" in error.expected and error.found == "0"


def test_threads_share_a_session(session, images, tensor):
    expected, classes = session.run(tensor), session.classify(images)
    wrong = []

    def use(number):
        for _ in range(4):
            if number % 2:
                if not np.array_equal(session.run(tensor), expected):
                    wrong.append("logits")
            elif session.classify(images) != classes:
                wrong.append("classes")
            try:
                session.run(tensor[:, :2])
                wrong.append("no error")
            except vitc.InvalidArgument:
                pass

    threads = [threading.Thread(target=use, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_session_is_closed_while_others_use_it(fast, tensor):
    session = vitc.Session(fast, threads=2)
    errors = []

    def use():
        try:
            while True:
                session.run(tensor)
        except vitc.VitcError as error:
            errors.append(error)

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    session.close()
    for thread in threads:
        thread.join()
    assert [type(error) for error in errors] == [vitc.InvalidArgument] * 4


def test_a_forked_child_makes_its_own_session(session, fast, tensor):
    expected = session.run(tensor[:1])
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        words = []
        try:
            session.run(tensor[:1])
        except vitc.InvalidArgument as error:
            words.append(error.field)
        with vitc.Session(fast, threads=2) as own:
            words.append(bool(np.array_equal(own.run(tensor[:1]), expected)))
        session.close()
        os.write(writer, json.dumps(words).encode())
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert json.loads(os.read(reader, 1000)) == ["session", True]
    assert np.array_equal(session.run(tensor[:1]), expected)


def _classes(plan, path):
    return vitc.Session(plan, threads=1).classify(path)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_workers_of_a_pool(session, fast, images, method):
    with multiprocessing.get_context(method).Pool(2) as pool:
        results = pool.starmap(_classes, [(fast.path, str(path)) for path in images])
    assert [result[0] for result in results] == session.classify(images)


def test_ctrl_c_is_not_held_up_by_many_images(session, images):
    given = []

    class Interrupting:
        def __fspath__(self):
            given.append(1)
            if len(given) > 12:
                raise KeyboardInterrupt
            return str(images[0])

    with pytest.raises(KeyboardInterrupt):
        session.classify([Interrupting() for _ in range(1000)])
    assert session.classify(images[0])


def test_what_nobody_refers_to_is_closed(fast, tensor):
    def threads():
        return len(os.listdir("/proc/self/task"))

    before = threads()
    for _ in range(5):
        vitc.Session(fast, threads=3).run(tensor[:1])
    assert threads() == before


def test_a_process_that_has_taken_every_key_of_threads_is_told():
    """Errors are a thread's own, and what they hang on can be used up."""
    script = """
import ctypes, numpy, PIL.Image
taken = ctypes.CDLL(None).pthread_key_create
while taken(ctypes.byref(ctypes.c_uint()), None) == 0:
    pass
import vitc
for _ in range(2):
    try:
        vitc.Session("/nowhere")
    except vitc.OutOfResources as error:
        print(error)
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0 and ended.stdout.count("pthread_key_create") == 2, ended
