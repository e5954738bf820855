"""Many images at a time: rows of `label --output`, runs that are killed and resumed, lists of files, and the
features of `embed`, `similar` and `eval`.

The checks that faults.py runs on what is written of folders of images.
"""

import json
import os
import shutil
import struct
import subprocess
import time
from pathlib import Path

from fixture import IMAGES, ROOT, Folder, small_disk
from usage import call, fresh, refused

FEATURES = ROOT / "Tests" / "Fixtures" / "imports" / "timm_features"


def many(folder: Folder, count: int) -> Path:
    """A folder of so many images, of which the fourth is none."""
    images = fresh(folder, "many")
    for number in range(count):
        shutil.copy(IMAGES[number % len(IMAGES)], images / f"{number:03}.png")
    (images / "003.png").write_bytes(b"no image")
    return images


def rows(path: Path) -> list[dict]:
    """The objects of a JSON lines file, whose last line must be whole."""
    text = path.read_text()
    assert text.endswith("\n"), "expected whole lines"
    return [json.loads(line) for line in text.splitlines()]


def rows_of_images(folder: Folder) -> None:
    """Each image has one row, in order, whatever the batch and the format; one that cannot be read has its error."""
    images = many(folder, 20)
    out = folder.base / "rows.jsonl"
    words = ["vitrun", folder.plan, images, "--top", "2"]
    done = call(folder, *words, "--json", code=1)
    printed = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(printed) == 19 and b"003.png: image: expected" in done.stderr
    call(folder, *words, "-o", out, code=1)
    found = rows(out)
    assert [Path(row["image"]).name for row in found] == [f"{number:03}.png" for number in range(20)]
    assert "image: expected" in found[3]["error"] and "top" not in found[3]
    for row in printed:
        del row["ms"]
    assert found[:3] + found[4:] == printed
    for flags in (["--batch", "3"], ["--threads", "1"], ["--threads", "5", "--batch", "4"]):
        other = folder.base / "other.jsonl"
        call(folder, *words, "-o", other, *flags, code=1)
        assert other.read_bytes() == out.read_bytes(), flags
    done = call(folder, *words, "--format", "csv", code=1)
    title, *lines = done.stdout.decode().splitlines()
    assert title == "image,error,class_1,label_1,probability_1,class_2,label_2,probability_2"
    assert len(lines) == 20 and lines[3].endswith(",,,,,,") and lines[0].split(",")[1] == ""
    for flags, text in (
        (["--resume"], "--resume goes with --output"),
        (["-o", out, "--format", "text"], "expected --format jsonl or csv"),
        (["--json", "--format", "csv"], "expected --json or --format, found both"),
        (["--batch", "0"], "--batch: expected 1 to 1024"),
        (["--format", "xml"], "xml"),
    ):
        done = call(folder, *words, *flags, code=64)
        assert text in done.stderr.decode(), done.stderr
    refused(folder, "found the input", *words, "-o", images / "000.png")
    refused(folder, "found the input", *words, "-o", folder.plan)
    refused(folder, "--output", *words, "-o", "-")
    # What is labelled is no place for what is left of another run.
    assert not list(folder.base.glob("*.part")), "expected no rows that are left over"


def killed_runs(folder: Folder) -> None:
    """A killed run that is resumed has each image once, as a whole run has."""
    images = many(folder, 60)
    whole, out = folder.base / "whole.csv", folder.base / "out.csv"
    part = folder.base / "out.csv.part"
    words = ["vitrun", folder.plan, images, "--format", "csv", "-o"]
    call(folder, *words, whole, code=1)
    cut = 0
    for moment in range(1, 9):
        process = subprocess.Popen(folder.command([*words, out]), stderr=subprocess.DEVNULL)
        time.sleep(moment * 0.1)
        process.kill()
        process.wait()
        if part.exists():
            cut += 1
            refused(folder, "--resume goes on", *words, out)
            with part.open("ab") as file:
                file.write(b"/torn,")
            refused(folder, "options: expected csv", *words, out, "--resume", "--top", "1")
            refused(folder, "images: expected 1, ", "vitrun", folder.plan, images / "000.png",
                    "--format", "csv", "-o", out, "--resume")
            call(folder, *words, out, "--resume", code=1)
        assert out.read_bytes() == whole.read_bytes() and not part.exists()
        out.unlink()
    assert cut > 2, "expected most runs to be killed before their end"
    part.write_text("somebody's notes\n")
    refused(folder, "out.csv.part", *words, out, "--resume")
    assert part.read_text() == "somebody's notes\n"
    part.unlink()


def rows_on_a_full_disk(folder: Folder) -> None:
    """What fits stays, and the run goes on elsewhere once there is room."""
    images = many(folder, 60)
    with small_disk(64) as disk:
        words = ["vitrun", folder.plan, images, "--top", "20", "-o", disk / "out.jsonl"]
        (disk / "filler").write_bytes(b"x" * 20_000)
        done = subprocess.run(folder.command(words), capture_output=True, timeout=120)
        assert done.returncode == 1 and b"No space left" in done.stderr, done.stderr
        assert os.listdir(disk) != [] and not (disk / "out.jsonl").exists()
        (disk / "filler").unlink()
        words = [words[0], words[1], words[2], "--top", "1", "-o", disk / "small.jsonl"]
        call(folder, *words, code=1)
        assert len(rows(disk / "small.jsonl")) == 60


def lists_of_files(folder: Folder) -> None:
    """Lists by lines or zero bytes, folders below folders, links that lead back."""
    images = fresh(folder, "listed")
    odd = images / "a\nb.png"
    below = images / "x" / "y"
    below.mkdir(parents=True)
    for path in (odd, images / "c,d.png", below / "e.png"):
        shutil.copy(IMAGES[0], path)
    (below / "back").symlink_to(images)
    listed = folder.base / "list.txt"
    listed.write_text(f"{images / 'c,d.png'}\n\n{below}\n")
    done = call(folder, "vitrun", folder.plan, "--files-from", listed, "--json")
    assert len(done.stdout.splitlines()) == 2
    listed.write_bytes(bytes(odd) + b"\0" + bytes(below / "e.png") + b"\0")
    for name, options in ((listed, {}), ("-", {"input": listed.read_bytes()})):
        done = call(folder, "vitrun", folder.plan, "--files-from", name, "--format", "csv", **options)
        lines = done.stdout.decode().splitlines()
        assert len(lines) == 3 and lines[1].startswith(f"{images}/a\\u{{A}}b.png,,"), lines
    done = call(folder, "vitrun", folder.plan, images, "--recursive", "--json", "--quiet")
    names = [json.loads(line)["image"].rsplit("/", 1)[1] for line in done.stdout.splitlines()]
    assert names == ["a\nb.png", "c,d.png", "e.png"], names
    done = call(folder, "vitrun", folder.plan, images / "c,d.png", "--format", "csv")
    assert done.stdout.decode().splitlines()[1].startswith(f'"{images}/c,d.png",,')
    refused(folder, "none.txt", "vitrun", folder.plan, "--files-from", folder.base / "none.txt")
    done = call(folder, "vitrun", folder.plan, "-", "--files-from", "-", code=64)
    assert b"standard input too" in done.stderr


def drawings(folder: Folder) -> None:
    """A drawing and an entry for each image, under names of their own and over no input."""
    images = many(folder, 7)
    below = images / "below"
    below.mkdir()
    shutil.copy(IMAGES[1], below / "000.png")
    plans = {}
    for strategy in ("merge", "fuse", "drop"):
        plans[strategy] = folder.base / f"{strategy}.plan"
        rewrite = ["vitc", "rewrite", folder.plan, "--keep", "0.7", "--strategy", strategy, "--quiet"]
        call(folder, *rewrite, "-o", plans[strategy])
    out, tokens = folder.base / "drawn", folder.base / "tokens.json"
    shutil.rmtree(out, ignore_errors=True)
    words = ["vitrun", plans["merge"], images, "--recursive"]
    call(folder, *words, "--visualize", f"{out}/", "--tokens", tokens, code=1)
    drawn = {path.name: path.read_bytes() for path in out.iterdir()}
    assert sorted(drawn) == ["000-2.png", *(f"00{n}.png" for n in (0, 1, 2, 4, 5, 6))], sorted(drawn)
    # The same pictures are drawn alike, others are not.
    assert drawn["000.png"] == drawn["006.png"] != drawn["001.png"] == drawn["000-2.png"]
    told = tokens.read_bytes()
    call(folder, *words, "--visualize", out, "--tokens", tokens, "--batch", "3", "--threads", "1", code=1)
    assert tokens.read_bytes() == told
    assert {path.name: path.read_bytes() for path in out.iterdir()} == drawn
    inspected = json.loads(call(folder, "vitc", "inspect", plans["merge"], "--json").stdout)
    for strategy, plan in plans.items():
        call(folder, "vitrun", plan, images, "--recursive", "--quiet", "--tokens", tokens, code=1)
        found = json.loads(tokens.read_text())
        assert found["plan"] == str(plan) and found["grid"] == [14, 14], found.keys()
        names = [Path(entry["image"]).name for entry in found["images"]]
        assert names == [*(f"00{n}.png" for n in range(7)), "000.png"], names
        assert "image: expected" in found["images"][3]["error"] and "stages" not in found["images"][3]
        for entry in found["images"][:3]:
            blocks = [stage["block"] for stage in entry["stages"]]
            assert blocks == [stage["block"] for stage in inspected["schedule"]], blocks
            for stage in entry["stages"]:
                assert len(stage["groups"]) == len(stage["kept"])
                assert all(kept in group for kept, group in zip(stage["kept"], stage["groups"]))
                patches = sum(stage["groups"], []) + stage["fused"] + stage["waiting"] + stage["left"]
                assert sorted(patches) == list(range(196)), stage
                assert bool(stage["fused"]) == (strategy == "fuse") and bool(stage["left"]) == (strategy == "drop")
                assert (stage["groups"] != [[kept] for kept in stage["kept"]]) == (strategy == "merge")
            counts = [len(stage["kept"]) for stage in entry["stages"]]
            if strategy == "merge":
                assert counts == [stage["tokens_out"] - 1 for stage in inspected["schedule"]], counts
    refused(folder, "one image", *words, "--visualize", folder.base / "one.png")
    refused(folder, "the ending of another format", "vitrun", plans["merge"], IMAGES[0], "--visualize", "one.JPG")
    refused(folder, "found the input", *words, "--visualize", images)
    refused(folder, "found the input", *words, "--tokens", images / "001.png")
    refused(folder, "found the output", *words, "--tokens", tokens, "-o", tokens)
    refused(folder, "none", *words, "--visualize", f"{folder.base}/none/none/")
    refused(folder, "for which - stands", *words, "--tokens", "-")
    for flags in (["--tokens", tokens], ["--visualize", folder.base / "one.png"]):
        refused(folder, "reduces tokens", "vitrun", folder.plan, IMAGES[0], *flags)
        done = call(folder, "vitrun", plans["merge"], "--tensor", "x.npy", "--logits", "y.npy", *flags, code=64)
        assert b"not with --tensor" in done.stderr
    done = call(folder, *words, "--tokens", tokens, "-o", folder.base / "r.jsonl", "--resume", code=64)
    assert b"--resume" in done.stderr
    assert all((images / f"00{n}.png").read_bytes() == IMAGES[n % len(IMAGES)].read_bytes() for n in (0, 1, 2))


def nothing_labelled(folder: Folder) -> None:
    """Where no image could be labelled, an older file stays as it was, and nothing lies beside it."""
    empty, broken = fresh(folder, "empty"), fresh(folder, "broken")
    (broken / "0.png").write_bytes(b"no image")
    plan = folder.base / "fewer.plan"
    folder.finish(folder.rewrite(plan))
    listed, rows, tokens = folder.base / "none.txt", folder.base / "kept.jsonl", folder.base / "kept.json"
    listed.write_bytes(b"")
    rows.write_bytes(b"older\n")
    tokens.write_bytes(b"older\n")
    for images in ([empty], [broken], [folder.base / "missing.png"], ["--files-from", listed]):
        call(folder, "vitrun", plan, *images, "-o", rows, "--tokens", tokens, code=1)
        assert rows.read_bytes() == b"older\n" and tokens.read_bytes() == b"older\n", images
        assert not Path(f"{rows}.part").exists(), images
    shutil.copy(IMAGES[0], broken / "1.png")
    call(folder, "vitrun", plan, broken, "-o", rows, "--tokens", tokens, code=1)
    assert len(rows.read_text().splitlines()) == 2 and len(json.loads(tokens.read_bytes())["images"]) == 2
    table = folder.base / "table.csv"
    call(folder, "vitrun", plan, broken, "-o", table, code=1)
    assert table.read_text().startswith("image,error,class_1,")


def several_plans(folder: Folder) -> None:
    """`eval` of several plans, and the files that say more of it."""
    fast = folder.base / "fast.plan"
    folder.finish(folder.rewrite(fast))
    images = fresh(folder, "labelled")
    for number, image in enumerate(IMAGES):
        shutil.copy(image, images / f"{number % 3}_{number}.png")
    files = {name: folder.base / f"{name}.csv" for name in ("per-class", "confusion", "predictions")}
    words = ["vitrun", "eval", folder.plan, fast, images, "--against", folder.plan, "--quiet"]
    done = call(folder, *words, "--json", *(x for n, p in files.items() for x in (f"--{n}", p)))
    first, second = (json.loads(line) for line in done.stdout.splitlines())
    assert first["plan"] == str(folder.plan) and first["agreement"] == 1 and first["kl"] == 0
    assert second["images"] == len(IMAGES) and second["executed_gmacs"] < first["executed_gmacs"]
    lines = {name: path.read_text().splitlines() for name, path in files.items()}
    assert len(lines["predictions"]) == 1 + 2 * len(IMAGES)
    for plan, told in ((folder.plan, first), (fast, second)):
        own = [line.split(",") for line in lines["per-class"] if line.startswith(f"{plan},")]
        assert sum(int(row[4]) for row in own) == told["correct_top1"]
        own = [line.split(",") for line in lines["confusion"] if line.startswith(f"{plan},")]
        assert sum(int(row[5]) for row in own) == told["images"]
        assert sum(int(row[5]) for row in own if row[1] == row[3]) == told["correct_top1"]
    done = call(folder, *words)
    assert b"agreement" in done.stdout and len(done.stdout.splitlines()) == 4
    done = call(folder, *words, "--json", "--limit", "2", "--batch", "2")
    assert all(json.loads(line)["images"] == 2 for line in done.stdout.splitlines())
    call(folder, "vitrun", "eval", folder.plan, code=64)
    call(folder, *words, "--limit", "0", code=64)
    for name in files:
        image = images / "0_0.png"
        refused(folder, "found the input", *words, f"--{name}", image)
    refused(folder, "found the output", *words, "--confusion", files["confusion"], "--predictions",
            files["confusion"])


def features(folder: Folder) -> None:
    """Rows of features and the paths that they are of; what is no image is in neither."""
    plan = folder.base / "features.plan"
    folder.finish(folder.command(["vitc", "convert", FEATURES, "-o", plan, "--quiet"]))
    images = many(folder, 12)
    out, names = folder.base / "e.npy", folder.base / "e.names"

    def values(path: Path) -> list[tuple[float, ...]]:
        bytes_ = path.read_bytes()
        start = 10 + struct.unpack("<H", bytes_[8:10])[0]
        assert f"'shape': (11, 8)".encode() in bytes_[:start], bytes_[:start]
        return list(struct.iter_unpack("<8f", bytes_[start:]))

    done = call(folder, "vitrun", "embed", plan, images, "-o", out, code=1)
    assert b"003.png: image: expected" in done.stderr
    listed = names.read_text().splitlines()
    assert [Path(line).name for line in listed] == [f"{n:03}.png" for n in range(12) if n != 3]
    plain = values(out)
    tensor, row = folder.base / "t.npy", folder.base / "row.npy"
    call(folder, "vitrun", "preprocess", plan, images / "001.png", "-o", tensor)
    call(folder, "vitrun", plan, "--tensor", tensor, "--features", row)
    assert row.read_bytes()[-32:] == struct.pack("<8f", *plain[1])
    call(folder, "vitrun", "embed", plan, images, "-o", out, "--normalize", "--batch", "5", code=1)
    for one, scaled in zip(plain, values(out)):
        length = sum(x * x for x in one) ** 0.5
        assert all(abs(x / length - y) < 1e-6 for x, y in zip(one, scaled))
    refused(folder, "tokens", "vitrun", "embed", plan, images, "-o", out, "--tokens")
    refused(folder, "features", "vitrun", "embed", folder.plan, images, "-o", out)
    refused(folder, "--output", "vitrun", "embed", plan, images, "-o", "-")
    refused(folder, "found the input", "vitrun", "embed", plan, images, "-o", images / "000.png")
    refused(folder, "logits", "vitrun", plan, images)
    empty = fresh(folder, "empty")
    before = out.read_bytes()
    done = call(folder, "vitrun", "embed", plan, empty, "-o", out, code=1)
    assert out.read_bytes() == before
    done = call(folder, "vitrun", "similar", plan, images / "001.png", images, "--top", "3", code=1)
    lines = done.stdout.decode().splitlines()
    # The same picture has other numbers; the query itself is not among them.
    assert len(lines) == 3 and lines[0].split() == ["1.0000", str(images / "007.png")], lines
    done = call(folder, "vitrun", "similar", plan, images / "001.png", images, "--json", code=1)
    assert abs(json.loads(done.stdout.splitlines()[0])["cosine"] - 1) < 1e-9
    call(folder, "vitrun", "similar", plan, images / "001.png", images, "--top", "0", code=64)
    refused(folder, "image", "vitrun", "similar", plan, images / "003.png", images)
    labelled = fresh(folder, "labelled")
    for number in range(12):
        shutil.copy(IMAGES[number % 2], labelled / f"{'ab'[number % 2]}_{number}.png")
    shutil.copy(IMAGES[2], labelled / "alone_1.png")
    done = call(folder, "vitrun", "eval", plan, labelled, "--against", plan, "--json")
    told = json.loads(done.stdout)
    expected = {"images": 12, "alone": 1, "skipped": 0, "correct_knn_top1": 12, "knn_top1": 1, "k": 5,
                "cosine": 1, "neighbour_agreement": 1}
    assert {key: told[key] for key in expected} == expected, told
    refused(folder, "classes", "vitrun", "eval", plan, labelled, "--labels", folder.base / "l.txt")
    refused(folder, "more than 5", "vitrun", "eval", plan, labelled, "--limit", "4")


def adaptive_work(folder: Folder) -> None:
    """Where images keep numbers of tokens of their own, what they took is told, and not the room for them."""
    base = fresh(folder, "adaptive")
    sampled = ["--method", "ats", "--layers", "1"]
    logits, plan = base / "logits.plan", base / "features.plan"
    call(folder, "vitc", "convert", "--quiet", folder.checkpoint, "-o", logits, *sampled)
    call(folder, "vitc", "convert", "--quiet", FEATURES, "-o", plan, *sampled)
    done = call(folder, "vitrun", "bench", logits, "--seconds", "0.1")
    speed, work = (next(line.split() for line in done.stdout.decode().splitlines() if line.startswith(word))
                   for word in ("speed", "work"))
    assert abs(float(speed[3]) / (2 * float(work[1]) * float(speed[1])) - 1) < 0.3, (speed, work)
    images = fresh(folder, "labelled")
    for number in range(8):
        shutil.copy(IMAGES[number % 2], images / f"{'ab'[number % 2]}_{number}.png")
    told = json.loads(call(folder, "vitrun", "eval", plan, images, "--json").stdout)
    most = json.loads(call(folder, "vitc", "inspect", plan, "--json").stdout)["executed_gmacs"]
    assert told["executed_gmacs"] == told["adaptive_gmacs"]["mean"] <= most and told["adaptive_tokens"], told


def texts(folder: Folder) -> None:
    """Features of texts that do not fit, and models that say no scale."""
    plan = folder.base / "features.plan"
    folder.finish(folder.command(["vitc", "convert", FEATURES, "-o", plan, "--quiet"]))
    path, image = folder.base / "texts.npy", IMAGES[0]

    def write(rows: list[tuple[float, ...]]) -> Path:
        head = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({len(rows)}, {len(rows[0])}), }}"
        head = head.ljust(117) + "\n"
        values = b"".join(struct.pack(f"<{len(row)}f", *row) for row in rows)
        path.write_bytes(b"\x93NUMPY\1\0" + struct.pack("<H", len(head)) + head.encode() + values)
        return path

    ones, other = (1.0,) * 8, (1.0, -1.0) * 4
    words = ["vitrun", plan, image, "--text-features"]
    refused(folder, "logit_scale: expected one", *words, write([ones, other]))
    done = call(folder, *words, path, "--logit-scale", "10", "--json")
    found = {entry["class"]: entry["probability"] for entry in json.loads(done.stdout)["top"]}
    assert abs(sum(found.values()) - 1) < 1e-9 and len(found) == 2
    done = call(folder, *words, path, "--logit-scale", "10", "--logit-bias", "-1", "--json")
    own = {entry["class"]: entry["probability"] for entry in json.loads(done.stdout)["top"]}
    assert abs(sum(own.values()) - 1) > 1e-6
    names = folder.base / "names.txt"
    names.write_text("yes\nno\n")
    done = call(folder, *words, path, "--logit-scale", "10", "--labels", names)
    assert sorted(line.split()[1] for line in done.stdout.decode().splitlines()[1:]) == ["no", "yes"]
    names.write_text("yes\n")
    refused(folder, "lines: expected 2", *words, path, "--logit-scale", "10", "--labels", names)
    for rows, text in (
        ([ones[:7]], "shape: expected [classes, 8]"),
        ([ones, (0.0,) * 8], "row 1"),
        ([(float("nan"),) * 8], "row 0"),
    ):
        refused(folder, text, *words, write(rows), "--logit-scale", "10")
    for flags in (["--logit-scale", "0"], ["--logit-scale", "nan"], ["--logit-bias", "inf"],
                  ["--fallback", plan, "--margin", "0.1"]):
        call(folder, *words, write([ones]), *flags, code=64)
    call(folder, "vitrun", plan, image, "--logit-scale", "10", code=64)
    refused(folder, "features", "vitrun", folder.plan, image, "--text-features", path)


CHECKS = (
    rows_of_images,
    killed_runs,
    rows_on_a_full_disk,
    lists_of_files,
    drawings,
    nothing_labelled,
    several_plans,
    features,
    adaptive_work,
    texts,
)
