"""What the commands say to what people ask for by mistake, and about numbers that are none.

The checks that faults.py runs on folders without images, `-` where a file is named, files that are no
checkpoint, unknown classes and commands, and NaN.
"""

import json
import shutil
import struct
import subprocess
import time
from pathlib import Path
from typing import Callable

import plans
from fixture import IMAGES, ROOT, Folder, check_refusal


def call(folder: Folder, *words, code: int = 0, **options) -> subprocess.CompletedProcess:
    """A command that has to end with this code."""
    done = subprocess.run(folder.command(list(words)), capture_output=True, timeout=60, **options)
    assert done.returncode == code, f"{words[:3]}: exit {done.returncode}: {done.stderr[:300]}"
    return done


def refused(folder: Folder, words: str, *command, **options) -> None:
    """A command that has to end with exit code 1 and one line that has the words."""
    folder.refused(folder.command(list(command)), words, **options)


def fresh(folder: Folder, name: str) -> Path:
    """An empty folder."""
    path = folder.base / name
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir()
    return path


def folders_of_images(folder: Folder) -> None:
    """A folder without images is an error; sub-folders that are left out are counted."""
    images = fresh(folder, "images")
    refused(folder, "folder: expected images", "vitrun", folder.plan, images)
    (images / "notes.txt").write_text("none")
    (images / "sub.png").mkdir()
    (images / "other").mkdir()
    refused(folder, "found none, but 2 sub-folders", "vitrun", folder.plan, images)
    # What is wrong with one folder concerns no other image.
    done = call(folder, "vitrun", folder.plan, images, IMAGES[0], code=1)
    assert done.stdout.startswith(bytes(IMAGES[0])) and len(done.stderr.splitlines()) == 1
    shutil.copy(IMAGES[0], images / "a.png")
    done = call(folder, "vitrun", folder.plan, images, "--json")
    (note,) = done.stderr.decode().splitlines()
    assert note.startswith("vitrun: note: ") and "2 sub-folders" in note, note
    assert len(done.stdout.splitlines()) == 1
    done = call(folder, "vitrun", folder.plan, images, "--json", "--quiet")
    assert done.stderr == b"" and len(done.stdout.splitlines()) == 1, done.stderr


def quiet(folder: Folder) -> None:
    """No notes and no table, but errors."""
    out = folder.base / "quiet.plan"
    for command in (folder.convert(out), folder.rewrite(out)):
        done = subprocess.run(command, capture_output=True, check=True)
        assert done.stdout == done.stderr == b"", done
    refused(folder, "magic", "vitc", "rewrite", folder.checkpoint, "--keep", "0.7", "-o", out, "--quiet")


def streams_as_files(folder: Folder) -> None:
    """`-` is standard input or output, or is refused; no file gets that name."""
    base = fresh(folder, "streams")
    plan, image = folder.plan, IMAGES[0]
    call(folder, "vitrun", "preprocess", plan, image, "-o", "in.npy", cwd=base)
    tensor = (base / "in.npy").read_bytes()
    done = call(folder, "vitrun", "preprocess", plan, image, "-o", "-", cwd=base)
    assert done.stdout == tensor, "another tensor on standard output"
    call(folder, "vitrun", plan, "--tensor", "in.npy", "--logits", "out.npy", cwd=base)
    logits = (base / "out.npy").read_bytes()
    done = call(folder, "vitrun", plan, "--tensor", "-", "--logits", "-", cwd=base, input=tensor)
    assert done.stdout == logits, "other logits on standard output"
    images = base / "images"
    images.mkdir()
    shutil.copy(image, images / "name0_image.png")
    names = "".join(f"name{number}\n" for number in range(1000)).encode()
    # With a mark of the byte order and other ends of lines, which are no part of a name.
    for text in (names, b"\xef\xbb\xbf" + names, names.replace(b"\n", b"\r\n"), names.replace(b"\n", b"\r")):
        call(folder, "vitrun", "eval", plan, images, "--labels", "-", input=text)
    call(folder, "vitc", "convert", folder.checkpoint, "-o", "l.plan", "--labels", "-", cwd=base, input=names)
    (base / "l.plan").unlink()
    for command in (
        ["vitc", "convert", folder.checkpoint, "-o", "-"],
        ["vitc", "convert", "-", "-o", "x"],
        ["vitc", "convert", folder.checkpoint, "--config", "-", "-o", "x"],
        ["vitc", "convert", folder.checkpoint, "--preprocessor", "-", "-o", "x"],
        ["vitc", "rewrite", plan, "--keep", "0.7", "-o", "-"],
        ["vitc", "rewrite", "-", "--keep", "0.7", "-o", "x"],
        ["vitc", "rewrite", plan, "--multi-scale", "--multiscale-weights", "-", "-o", "x"],
        ["vitc", "export", plan, "-o", "-"],
        ["vitc", "export", "-", "-o", "x"],
        ["vitc", "inspect", "-"],
        ["vitc", "verify", "-"],
        ["vitrun", plan, image, "--visualize", "-"],
        ["vitrun", "-", image],
        ["vitrun", "eval", plan, "-"],
        ["vitrun", "eval", plan, images, "--against", "-"],
        ["vitrun", "bench", "-"],
    ):
        refused(folder, "for which - stands", *command, cwd=base)
    found = sorted(path.name for path in base.iterdir())
    assert found == ["images", "in.npy", "out.npy"], found


def unknown_classes(folder: Folder) -> None:
    """A note each, their images are skipped; if no class is known, exit code 1."""
    base = fresh(folder, "classes")
    for name in ("8", "n99", "n98"):
        (base / name).mkdir()
        shutil.copy(IMAGES[0], base / name / "image.png")
    done = call(folder, "vitrun", "eval", folder.plan, base, "--json")
    found = json.loads(done.stdout)
    assert (found["images"], found["skipped"]) == (1, 2), found
    lines = done.stderr.decode().splitlines()
    assert len(lines) == 2 and all("n9" in line and "--labels" in line for line in lines), lines
    done = call(folder, "vitrun", "eval", folder.plan, base, "--quiet")
    assert done.stderr == b"" and b"skipped   2" in done.stdout
    shutil.rmtree(base / "8")
    refused(folder, "--labels", "vitrun", "eval", folder.plan, base)
    flat = fresh(folder, "flat")
    for name in ("8_a.png", "n99_b.png"):
        shutil.copy(IMAGES[0], flat / name)
    done = call(folder, "vitrun", "eval", folder.plan, flat, "--json")
    assert json.loads(done.stdout)["skipped"] == 1 and len(done.stderr.splitlines()) == 1


def streams_of_bench(folder: Folder) -> None:
    """Each stream has at least one thread."""
    bench = ["vitrun", "bench", folder.plan, "--seconds", "0.01", "--threads", "3"]
    for count in ("0", "-1", "4", "x"):
        done = call(folder, *bench, "--streams", count, code=64)
        assert b"--streams" in done.stderr, done.stderr
    for count in (1, 2, 3):
        found = json.loads(call(folder, *bench, "--streams", str(count), "--json").stdout)
        assert (found["streams"], found["threads"]) == (count, 3), found
        assert found["images_per_second"] > 0


def settings_of_bench(folder: Folder) -> None:
    """Several plans and settings have a row each, in order, and each flag does what it says."""
    fast, out = folder.base / "fast.plan", folder.base / "bench.csv"
    folder.finish(folder.rewrite(fast))
    several = ["vitrun", "bench", folder.plan, fast, "--batch", "1,2", "--threads", "1,2", "--iterations", "7"]
    words = [*several, "--percentile", "99,90,50.5,0", "--csv", out]
    rows = [json.loads(line) for line in call(folder, *words, "--json").stdout.splitlines()]
    info = Path("/proc/cpuinfo").read_text()
    assert all(row["processor"] in info or row["processor"].startswith("implementer") for row in rows), rows
    wanted = [(str(plan), batch, threads) for plan in (folder.plan, fast) for batch in (1, 2) for threads in (1, 2)]
    assert [(row["plan"], row["batch"], row["threads"]) for row in rows] == wanted, rows
    told = ["p0", "p10", "median", "p50.5", "p90", "p99"]
    for row in rows:
        spread = [row[f"{name}_ms"] for name in told]
        assert spread == sorted(spread) and row["runs"] == 7 and "steps" not in row, row
    assert len({row["gmacs"] for row in rows[:4]}) == 1 and rows[0]["gmacs"] > rows[4]["gmacs"]
    title, *lines = (line.split(",") for line in out.read_text().splitlines())
    assert title == [
        "plan", "part", "batch", "streams", "threads", "kernels", "int8_kernels", "runs", "median_ms", "p10_ms",
        "p90_ms", "p0_ms", "p50.5_ms", "p99_ms", "images_per_second", "gmacs", "executed_gmacs",
    ], title
    for line, row, (plan, batch, threads) in zip(lines, rows, wanted, strict=True):
        assert line[:5] == [plan, "plan", str(batch), "1", str(threads)] and line[7] == "7", line
        assert [float(line[title.index(f"{name}_ms")]) for name in told] == [row[f"{name}_ms"] for name in told]
    table = call(folder, *several).stdout.decode().splitlines()
    assert len(table) == 9 and table[0].split() == "batch streams threads ms p10 p90 images/s GMACs".split(), table
    assert [line.split()[:4] for line in table[1:]] == [[p, str(b), "1", str(t)] for p, b, t in wanted]
    one = ["vitrun", "bench", folder.plan, "--threads", "1"]
    found = json.loads(call(folder, *one, "--iterations", "9", "--per-step", "--json").stdout)
    assert "plan" not in found and [step["step"] for step in found["steps"]] == list(range(len(found["steps"])))
    total = sum(step["ms"] for step in found["steps"])
    kinds: dict[str, float] = {}
    for step in found["steps"]:
        kinds[step["kind"]] = kinds.get(step["kind"], 0) + step["ms"] / total
    assert kinds.keys() == found["nodes"].keys()
    assert all(abs(kinds[kind] - share) < 1e-9 for kind, share in found["nodes"].items())
    assert found["steps"][0]["kind"] == "convolution" and found["steps"][0]["writes"][0].startswith("[")
    # Medians of steps, of which neighbours take less than of whole runs.
    assert 0 < total < 3 * found["p90_ms"], (total, found["p90_ms"])
    lines = call(folder, *one, "--iterations", "9", "--per-step").stdout.decode().splitlines()
    assert len(lines) == 3 + len(found["nodes"]) + 2 + len(found["steps"]), lines
    lines = call(folder, *several, "--per-step").stdout.decode().splitlines()
    assert sum(line.endswith(" threads:") for line in lines) == 8, lines
    found = json.loads(call(folder, *one, "--seconds", "0.5", "--percentile", "100", "--json").stdout)
    assert 0.5 <= found["runs"] * found["p100_ms"] / 1000, found
    found = json.loads(call(folder, *one, "--seconds", "0.001", "--json").stdout)
    assert found["runs"] == 5, found
    found = json.loads(call(folder, *one[:3], "--threads", "2", "--streams", "2", "--iterations", "6", "--json").stdout)
    assert found["runs"] == 12, found
    runs = int(2000 / found["p10_ms"])
    start = time.monotonic()
    call(folder, *one, "--iterations", "1", "--warmup", str(runs))
    assert time.monotonic() - start > 0.5, "expected runs before those that count"
    call(folder, *one, "--iterations", "1", "--warmup", "0")
    for flags, text in (
        (["--batch", "1,0"], "--batch"), (["--batch", "1,"], "--batch"), (["--threads", "257"], "--threads"),
        (["--threads", "1,x"], "--threads"), (["--threads", "2,1", "--streams", "2"], "--streams"),
        (["--warmup", "-1"], "--warmup"), (["--iterations", "0"], "--iterations"),
        (["--iterations", "5", "--seconds", "1"], "found both"), (["--percentile", "101"], "--percentile"),
        (["--percentile", "nan"], "--percentile"), (["--seconds", "nan"], "--seconds"),
        ([fast, "--fallback", fast, "--fallback-share", "0"], "one plan"),
    ):
        done = call(folder, *one[:3], *flags, code=64)
        assert text in done.stderr.decode(), done.stderr
    for flags in (["--batch", "1"], ["--csv", out], ["--per-step"], ["--iterations", "1"], ["--warmup", "1"]):
        assert b"--limit" in call(folder, "vitrun", "bench", "--limit", *flags, code=64).stderr
    limits = call(folder, "vitrun", "bench", "--limit", "--threads", "1,2", "--json").stdout.splitlines()
    assert [json.loads(line)["threads"] for line in limits] == [1, 2]
    refused(folder, "found the input", *one, "--iterations", "1", "--csv", folder.plan)
    refused(folder, "for which - stands", *one, "--iterations", "1", "--csv", "-")
    # Before anything is measured.
    start = time.monotonic()
    refused(folder, "none", *one, "--seconds", "30", "--csv", folder.base / "none" / "x.csv")
    assert time.monotonic() - start < 20


def cascades(folder: Folder) -> None:
    """A second plan answers where the first is not sure, if it can stand in for it."""
    base = fresh(folder, "cascade")
    fast, other, small = base / "fast.plan", base / "other.plan", base / "small.plan"
    folder.finish(folder.rewrite(fast))
    convert = ["vitc", "convert", "--quiet", folder.checkpoint, "--image-size", "192", "-o", small]
    call(folder, *convert)
    model = ROOT / "Tests" / "Fixtures" / "deit.safetensors"
    config = json.loads(model.with_suffix(".json").read_text())
    del config["cases"]
    (base / "config.json").write_text(json.dumps(config))
    call(folder, "vitc", "convert", "--quiet", model, "--config", base / "config.json", "-o", other)
    images = base / "images"
    images.mkdir()
    for number, image in enumerate(IMAGES[:3]):
        shutil.copy(image, images / f"8_{number}.png")
    call(folder, "vitrun", "preprocess", fast, IMAGES[0], "-o", base / "in.npy")
    label, evaluate = ["vitrun", fast, IMAGES[0]], ["vitrun", "eval", fast, images]
    tensor = ["vitrun", fast, "--tensor", base / "in.npy", "--logits", base / "out.npy"]
    bench = ["vitrun", "bench", fast, "--seconds", "0.01"]
    for command in (label, evaluate, tensor):
        for words in (
            ["--fallback", folder.plan],
            ["--margin", "0.5"],
            *(["--fallback", folder.plan, f"--margin={margin}"] for margin in (-0.1, 1.1, "nan", "inf", "x")),
        ):
            done = call(folder, *command, *words, code=64)
            assert b"--margin" in done.stderr, done.stderr
    for command, words in (
        *((command, ["--margin", "0.5"]) for command in (label, evaluate, tensor)),
        (bench, ["--fallback-share", "0.5"]),
    ):
        refused(folder, "classes: expected 1000, as", *command, "--fallback", other, *words)
        refused(folder, "image size: expected 224 x 224, as", *command, "--fallback", small, *words)
        refused(folder, "for which - stands", *command, "--fallback", "-", *words)
        refused(folder, "No such file", *command, "--fallback", "none", *words)
    for words in (
        ["--fallback", folder.plan],
        ["--fallback-share", "0.5"],
        ["--fallback", folder.plan, "--fallback-share", "1.5"],
        ["--fallback", folder.plan, "--fallback-share", "nan"],
    ):
        assert b"--fallback-share" in call(folder, *bench, *words, code=64).stderr
    assert not (base / "out.npy").exists()

    def logits(plan: Path, *words: str) -> bytes:
        return call(folder, "vitrun", plan, *tensor[2:4], "--logits", "-", *words).stdout

    for margin, plan in ((0, fast), (1, folder.plan)):
        words = ["--fallback", folder.plan, "--margin", str(margin)]
        found = json.loads(call(folder, *label, "--json", *words).stdout)
        alone = json.loads(call(folder, "vitrun", plan, IMAGES[0], "--json").stdout)
        assert found["fallback"] is (margin == 1) and "fallback" not in alone
        assert found["top"] == alone["top"], found
        assert logits(fast, *words) == logits(plan)
        found = json.loads(call(folder, *evaluate, "--json", *words).stdout)
        assert found["fallback_share"] == margin, found
    cheap, dense = (
        json.loads(call(folder, "vitrun", "eval", plan, images, "--json").stdout)["executed_gmacs"]
        for plan in (fast, folder.plan)
    )
    # What both begin with runs once: three blocks at least, of twelve.
    told = json.loads(call(folder, *bench, "--fallback", folder.plan, "--fallback-share", "1", "--json").stdout)
    assert dense / 5 < told["shared_gmacs"] < cheap, told
    assert abs(found["executed_gmacs"] - cheap - dense + told["shared_gmacs"]) < 1e-9, found
    words = ["--fallback", folder.plan, "--fallback-share", "0.25", "--json"]
    out = base / "bench.csv"
    call(folder, *bench, *words, "--batch", "1,2", "--csv", out)
    lines = [line.split(",") for line in out.read_text().splitlines()]
    assert [line[1:3] for line in lines[1:]] == [[p, b] for b in "12" for p in ("plan", "fallback", "average")], lines
    first, second, mean = (float(line[lines[0].index("executed_gmacs")]) for line in lines[1:4])
    share = float(words[words.index("--fallback-share") + 1])
    assert abs(first + share * second - mean) < 1e-9, lines
    found = json.loads(call(folder, *bench, *words).stdout)
    for key in ("gmacs", "executed_gmacs"):
        average = found[key] + 0.25 * found["fallback"][key]
        assert abs(found["average"][key] - average) < 1e-9, found


def combined_plans(folder: Folder) -> None:
    """A plan of two programs runs as a cascade by itself, and says so."""
    base = fresh(folder, "combined")
    fast, both, out = base / "fast.plan", base / "both.plan", base / "out.plan"
    folder.finish(folder.rewrite(fast))
    both.write_bytes(plans.combined(folder.plan.read_bytes(), fast.read_bytes(), margin=0.5, share=0.25))
    images = base / "images"
    images.mkdir()
    for number, image in enumerate(IMAGES[:3]):
        shutil.copy(image, images / f"8_{number}.png")
    call(folder, "vitrun", "preprocess", fast, IMAGES[0], "-o", base / "in.npy")
    label, evaluate = ["vitrun", both, IMAGES[0]], ["vitrun", "eval", both, images]
    tensor = ["vitrun", both, "--tensor", base / "in.npy", "--logits", "-"]
    bench = ["vitrun", "bench", both, "--seconds", "0.01"]
    margins = ((command, "--margin") for command in (label, evaluate, tensor))
    for command, flag in (*margins, (bench, "--fallback-share")):
        done = call(folder, *command, "--fallback", folder.plan, flag, "0.5", code=64)
        assert b"which has its own" in done.stderr, done.stderr
        assert flag.encode() in call(folder, *command, flag, "1.5", code=64).stderr
    words = ["--fallback", both, "--margin", "0.5"]
    refused(folder, "programs: expected one", "vitrun", fast, IMAGES[0], *words)
    two = ["--fallback", folder.plan, "--margin"]
    for margin, words in (("0.5", []), ("0", ["--margin", "0"]), ("1", ["--margin", "1"])):
        for command in (label, evaluate, tensor):
            own = call(folder, *command, *words, *([] if command is tensor else ["--json"]))
            apart = [fast if word == both else word for word in command]
            other = call(folder, *apart, *two, margin, *([] if command is tensor else ["--json"]))
            if command is tensor:
                assert own.stdout == other.stdout, "other logits"
                continue
            results = [json.loads(done.stdout) for done in (own, other)]
            for result in results:
                result.pop("ms", None)
                result.pop("images_per_second", None)
            assert results[0] == results[1], results
    for share, words in ((0.25, []), (0.75, ["--fallback-share", "0.75"])):
        assert json.loads(call(folder, *bench, "--json", *words).stdout)["fallback_share"] == share
    shown, alone, dense = (
        json.loads(call(folder, "vitc", "inspect", *words, "--json").stdout)
        for words in ([both], [fast], [both, "--dense"])
    )
    cascade = shown.pop("cascade")
    assert (cascade["margin"], cascade["fallback_share"]) == (0.5, 0.25), cascade
    assert cascade["fallback"]["executed_gmacs"] == dense["executed_gmacs"] and "cascade" not in dense
    assert {**shown, "plan_bytes": 0} == {**alone, "plan_bytes": 0}
    assert dense["schedule"] == [] and b"margin of 0.5" in call(folder, "vitc", "inspect", both).stdout
    for command in (["inspect"], ["rewrite", "-o", out]):
        refused(folder, "--dense: expected a combined plan", "vitc", *command, fast, "--dense")
    for words in (["--keep", "0.7"], ["--size-aware"], ["--strategy", "tome"], ["--similarity", "l1"]):
        call(folder, "vitc", "rewrite", both, "-o", out, "--dense", *words, code=64)
    assert not out.exists()
    call(folder, "vitc", "rewrite", both, "-o", out, "--dense")
    assert out.read_bytes() == folder.plan.read_bytes()
    done = call(folder, "vitc", "rewrite", both, "-o", out, "--keep", "0.7")
    assert out.read_bytes() == fast.read_bytes() and b"cascade: left out" in done.stderr, done.stderr


def searches(folder: Folder) -> None:
    """A search is refused before it begins, and writes over nobody's file."""
    base = fresh(folder, "search")
    images = base / "images"
    images.mkdir()
    for number in range(3):
        shutil.copy(IMAGES[0], images / f"{number}.png")
    search = ["vitc", "search", folder.plan, "--images", images, "--count", "2", "--evaluations", "2"]
    out = base / "out.plan"
    for budget in ("0", "1", "2", "-1", "nan", "inf", "x", "0.5,0.5", "0.5,"):
        done = call(folder, *search, "--budget", budget, "-o", out, code=64)
        assert b"--budget" in done.stderr, done.stderr
    for time in ("0", "-1", "nan", "inf"):
        assert b"--target-ms" in call(folder, *search, "--target-ms", time, "-o", out, code=64).stderr
    for flags in (("--max-pixels", "0"), ("--count", "0"), ("--strategy", "drop", "--size-aware")):
        done = call(folder, *search, "--budget", "0.9", *flags, "-o", out, code=64)
        assert flags[-2 if flags[0] != "--strategy" else -1].encode() in done.stderr, done.stderr
    call(folder, *search, "-o", out, code=64)
    call(folder, *search, "--budget", "0.8", "--target-ms", "1", "-o", out, code=64)
    refused(folder, "at least the", *search, "--budget", "0.001", "-o", out)
    refused(folder, "less than the", *search, "--budget", "0.9999999", "-o", out)
    notes = base / "notes.txt"
    for text in ("my notes", "my notes\n", "{}\n", "\n"):
        notes.write_text(text)
        refused(folder, "notes.txt", *search, "--budget", "0.9", "-o", out, "--state", notes)
        assert notes.read_text() == text
    notes.unlink()
    link = base / "link.png"
    link.symlink_to(images / "2.png")
    for path in (folder.plan, images / "0.png", link):
        refused(folder, "the input", *search, "--budget", "0.9", "-o", path)
        refused(folder, "the input", *search, "--budget", "0.9", "-o", out, "--report", path)
    refused(folder, "each output", *search, "--budget", "0.9", "-o", out, "--report", out)
    refused(folder, "each output", *search, "--budget", "0.9", "-o", out, "--state", out)
    refused(folder, "no-folder", *search, "--budget", "0.9", "-o", base / "no-folder" / "x.plan")
    empty = base / "empty"
    empty.mkdir()
    for place in (empty, base / "none"):
        refused(folder, str(place), "vitc", "search", folder.plan, "--images", place, "--budget", "0.9", "-o", out)
    link.unlink()
    found = sorted(path.name for path in base.iterdir())
    assert found == ["empty", "images"], found
    (images / "broken.png").write_bytes(b"no image")
    done = call(folder, *search[:-4], "--count", "9", "--evaluations", "2", "--budget", "0.9", "-o", out)
    assert b"broken.png" in done.stderr and b"fewer than --count 9" in done.stderr, done.stderr
    assert sorted(path.name for path in base.iterdir()) == ["empty", "images", "out.plan"]


def quantizations(folder: Folder) -> None:
    """A plan is quantized once, beside images that it is not written over, whole or not at all."""
    base = fresh(folder, "quantize")
    images = base / "images"
    images.mkdir()
    for number in range(3):
        shutil.copy(IMAGES[0], images / f"{number}.png")
    out = base / "out.plan"
    quantize = ["vitc", "quantize", folder.plan, "-o", out]
    refused(folder, "no.such", *quantize, "--keep-f32", "no.such")
    refused(folder, "a linear layer that becomes int8", *quantize, "--keep-f32", "*")
    empty = base / "empty"
    empty.mkdir()
    for place in (empty, base / "none"):
        refused(folder, str(place), *quantize, "--check", place)
    refused(folder, "the input", "vitc", "quantize", folder.plan, "-o", images / "0.png", "--check", images)
    refused(folder, "the input", "vitc", "quantize", folder.plan, "-o", folder.plan)
    assert sorted(path.name for path in base.iterdir()) == ["empty", "images"]
    (images / "7.png").write_bytes(b"no image")
    done = call(folder, *quantize, "--check", images)
    assert b"7.png" in done.stderr and b"skipped     1" in done.stdout, done
    refused(folder, "int8 already", "vitc", "quantize", out, "-o", base / "again.plan")
    # A rewrite takes it as it is, and a search.
    call(folder, "vitc", "rewrite", out, "-o", base / "fast.plan", "--keep", "0.7", "--quiet")
    search = ["vitc", "search", out, "--images", images, "--count", "2", "--evaluations", "2", "--quiet"]
    call(folder, *search, "--budget", "0.9", "-o", base / "found.plan")
    for name in ("out", "fast", "found"):
        call(folder, "vitc", "verify", base / f"{name}.plan")
    names = ["empty", "fast.plan", "found.plan", "images", "out.plan"]
    assert sorted(path.name for path in base.iterdir()) == names
    done = call(folder, *quantize, "--check", images, "--quiet")
    assert done.stderr == b"", done.stderr


def exports(folder: Folder) -> None:
    """Models of plans, with their weights inside and beside them; a new one leaves an older one's weights alone."""
    base = fresh(folder, "export")
    model = base / "model.onnx"
    export = ["vitc", "export", folder.plan, "-o", model]
    for flags in (["--batch", "2", "--dynamic-batch"], ["--base", "--dense"]):
        call(folder, *export, *flags, code=64)
    refused(folder, "a combined plan", *export, "--dense")
    refused(folder, "magic", "vitc", "export", folder.checkpoint, "-o", model)
    assert list(base.iterdir()) == []
    call(folder, *export, "--external-data")
    (data,) = (path for path in base.iterdir() if path != model)
    whole = model.read_bytes(), data.read_bytes()
    # Where the weights cannot be replaced, the model is not either.
    data.unlink()
    data.mkdir()
    refused(folder, str(data), *export, "--external-data", "--batch", "1", "--quiet")
    assert model.read_bytes() == whole[0]
    data.rmdir()
    data.write_bytes(whole[1])
    small = base / "small.plan"
    folder.finish(folder.rewrite(small))
    call(folder, "vitc", "export", small, "-o", model, "--external-data")
    assert data.read_bytes() == whole[1] and len(list(base.glob("*.data"))) == 2
    (base / "link.onnx").symlink_to(model)
    refused(folder, "a symbolic link", "vitc", "export", small, "-o", base / "link.onnx", "--external-data")
    refused(folder, "vitc.schedule", "vitc", "convert", model, "-o", base / "again.plan")
    call(folder, *export)
    done = call(folder, "vitc", "convert", model, "-o", base / "again.plan")
    assert b"assumed" not in done.stderr, done.stderr
    names = [*sorted(path.name for path in base.glob("*.data")), "again.plan", "link.onnx", "model.onnx", "small.plan"]
    assert sorted(path.name for path in base.iterdir()) == sorted(names)


def mistaken_requests(folder: Folder) -> None:
    """What is no checkpoint or no plan is named, with what to do."""
    base = fresh(folder, "mistaken")
    out = base / "out.plan"
    (base / "ir.xml").write_text('<?xml version="1.0"?>\n<net name="m" version="11">\n</net>\n')
    (base / "ir.bin").write_bytes(bytes(range(1, 200)))
    (base / "torch.bin").write_bytes(b"\x80\x02}q\x00.")
    (base / "names.txt").write_text("tench\ngoldfish\n")
    torch = fresh(folder, "torch")
    (torch / "model.pt").write_bytes(b"\x80\x02}q\x00.")
    for checkpoint, words in (
        (folder.plan, "a plan, which vitc convert has made; run it with vitrun"),
        (base / "ir.xml", "OpenVINO IR; convert the ONNX model"),
        (base / "ir.bin", "OpenVINO IR; convert the ONNX model"),
        (base / "torch.bin", "pth_to_safetensors"),
        (torch, "pth_to_safetensors"),
        (IMAGES[0], "found a file of another kind"),
        (base / "names.txt", "found a file of another kind"),
        ("facebook/deit-tiny-patch16-224", "hf download facebook/deit-tiny-patch16-224"),
    ):
        refused(folder, words, "vitc", "convert", checkpoint, "-o", out)
    # What is no hub's name is a path.
    for path in ("no/such/path", "./none", "none"):
        refused(folder, "No such file", "vitc", "convert", path, "-o", out)
    for command in (["vitc", "inspect"], ["vitc", "verify"], ["vitrun", "bench"]):
        refused(folder, "a folder; make a plan of the checkpoint in it", *command, base)
    done = call(folder, "vitc", "convrt", "x", "-o", "y", code=64)
    assert b"convert, rewrite, search, quantize, export, inspect" in done.stderr, done.stderr
    for flags, words in (
        (["--r", "4", "--keep", "0.7"], "expected one of --keep, --remove, --r, found --keep too"),
        (["--r", "4", "--remove", "0,4"], "expected one of --keep, --remove, --r, found --remove too"),
        (["--r", "4", "--layers", "1"], "--layers: combination: expected --keep, not --remove, --r, found --r"),
        (["--remove", "4", "--layers", "1"], "--layers: combination: expected --keep, not --remove, --r, found --remove"),
        (["--budget", "0.7", "--target-gmacs", "1"], "expected one of --budget, --target-gmacs, found --budget too"),
        (["--quiet"], "--multi-scale, found no other option"),
        (["--keep", "0.7", "--seed", "1"], "--seed: combination: expected --similarity random"),
        (["--keep", "0.7", "--strategy", "tome", "--similarity", "l1"], "expected --strategy merge, found"),
        (["--keep", "0.7", "--strategy", "drop", "--size-aware"], "--size-aware: strategy: expected"),
        (["--keep", "0.7", "--multiscale-init", "identity"], "combination: expected --multi-scale, found"),
        (["--dense", "--keep", "0.7"], "nothing is rewritten, found --keep"),
        (["--remove", "1,,2"], "1,,2"),
        (["--remove", "1,x"], "1,x"),
        (["--remove", str(2**64)], str(2**64)),
        (["--r", "4.5"], "4.5"),
    ):
        done = call(folder, "vitc", "rewrite", folder.plan, "-o", out, *flags, code=64)
        assert words.encode() in done.stderr, done.stderr
    tensor = ["vitrun", folder.plan, "--tensor", "x.npy", "--logits", "y.npy"]
    for command, words in (
        (["vitc", "inspect", folder.plan, "--json", "--graph"], "found both"),
        ([*tensor, "--json"], "not with --tensor"), ([*tensor, "--top", "3"], "not with --tensor"),
        ([*tensor, "--batch", "2"], "not with --tensor"), ([*tensor, "--exif", "apply"], "not with --tensor"),
        ([*tensor, "--max-pixels", "9"], "not with --tensor"),
        (["vitrun", "preprocess", folder.plan, IMAGES[0], "-o", out, "--threads", "2"], "--threads"),
    ):
        done = call(folder, *command, code=64)
        assert words.encode() in done.stderr, done.stderr
    refused(folder, "one of the commands label, embed, similar, eval, bench, preprocess", "vitrun", "evla", folder.plan, base)
    assert not out.exists()


def broken(folder: Folder, name: str, tensor: str, values: dict[int, float]) -> Path:
    """The checkpoint with other values in a tensor."""
    data = bytearray(folder.checkpoint.read_bytes())
    (length,) = struct.unpack_from("<Q", data)
    entry = json.loads(data[8 : 8 + length])[tensor]
    assert entry["dtype"] == "F16"
    for index, value in values.items():
        struct.pack_into("<e", data, 8 + length + entry["data_offsets"][0] + 2 * index, value)
    path = folder.base / f"{name}.safetensors"
    path.write_bytes(data)
    return path


def numbers_that_are_none(folder: Folder) -> None:
    """NaN and infinity in weights are a note, in logits and in tensors an error."""
    nan, infinity = float("nan"), float("inf")
    base = fresh(folder, "numbers")
    plan = base / "nan.plan"
    tensor = "blocks.3.mlp.fc1.weight"
    for storage in ("f32", "f16"):
        checkpoint = broken(folder, "nan", tensor, {7: nan, 9: -infinity})
        done = call(folder, "vitc", "convert", checkpoint, "--weights", storage, "-o", plan)
        notes = [line for line in done.stderr.decode().splitlines() if "not finite" in line]
        assert len(notes) == 1 and notes[0].startswith("vitc: note: "), done.stderr
        assert f"{tensor}: 2 of " in notes[0] and "at index 7, is nan" in notes[0], notes
        call(folder, "vitc", "convert", checkpoint, "-o", plan, "--quiet")
    done = call(folder, "vitc", "convert", folder.checkpoint, "-o", base / "sound.plan")
    assert b"not finite" not in done.stderr, done.stderr
    # A norm's weight is folded into what follows; it is named once all the same.
    norm = broken(folder, "norm", "blocks.2.norm1.weight", {0: infinity})
    done = call(folder, "vitc", "convert", norm, "-o", base / "norm.plan")
    assert done.stderr.count(b"not finite") == 1 and b"blocks.2.norm1.weight" in done.stderr

    images = base / "images"
    images.mkdir()
    for number, image in enumerate(IMAGES[:2]):
        shutil.copy(image, images / f"8_{number}.png")
    done = call(folder, "vitrun", plan, images, "--json", code=1)
    lines = done.stderr.decode().splitlines()
    assert done.stdout == b"" and len(lines) == 2, done
    assert all("logits: expected finite numbers, found nan for class 0" in line for line in lines)
    done = call(folder, "vitrun", "eval", folder.plan, images, "--against", plan, code=1)
    assert b"expected at least one" in done.stderr and done.stdout == b""

    call(folder, "vitrun", "preprocess", plan, IMAGES[0], "-o", base / "in.npy")
    command = ["vitrun", plan, "--tensor", base / "in.npy", "--logits", base / "out.npy"]
    refused(folder, "image 0: logits: expected finite", *command)
    data = bytearray((base / "in.npy").read_bytes())
    data[-4:] = struct.pack("<f", nan)
    (base / "in.npy").write_bytes(data)
    command[1] = folder.plan
    refused(folder, "element [0, 2, 223, 223]: expected a finite number, found nan", *command)
    assert not (base / "out.npy").exists()


def graphs_from_the_end(folder: Folder) -> None:
    """Errors about a graph's blocks, which are read from the end, have no negative numbers."""
    model = ROOT / "Tests" / "Fixtures" / "variants" / "activations" / "refused_sigmoid_1.5" / "model.onnx"
    command = folder.command(["vitc", "convert", model, "-o", folder.base / "x.plan"])
    done = subprocess.run(command, capture_output=True, timeout=60)
    check_refusal(done.returncode, done.stderr.decode(), "mlp.fc1 of block 1 from the end")
    assert b"blocks.-" not in done.stderr and b"act/Mul_1" in done.stderr, done.stderr


CHECKS: tuple[Callable[[Folder], None], ...] = (
    folders_of_images,
    quiet,
    graphs_from_the_end,
    numbers_that_are_none,
    streams_as_files,
    unknown_classes,
    streams_of_bench,
    settings_of_bench,
    searches,
    quantizations,
    exports,
    cascades,
    combined_plans,
    mistaken_requests,
)
