"""Records of speed: what compare.py measured on a processor, and README's tables of it.

Usage: record.py [--readme | --check | --status]

--readme writes README's tables from the records in tools/bench/results, --check fails where they differ, and
--status says whether this processor has a record that is no older than the kernels.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "tools" / "bench" / "results"
README = ROOT / "README.md"
BEGIN = "<!-- Written by tools/bench/record.py --readme from tools/bench/results. -->"
END = "<!-- Up to here. -->"
PEERS = ["onnxruntime", "openvino", "torch"]

# Those that multiply in eight bits, and what makes their models.
INT8_PEERS = ["onnxruntime", "openvino"]
INT8_PACKAGES = [*INT8_PEERS, "nncf"]

# What a plan's speed is made of.
KERNELS = ["Sources/Kernels", "Sources/Runtime/PlanRuntime"]


# Who makes processors of ARM64, and some of them by part, as /proc/cpuinfo numbers them (MIDR_EL1).
IMPLEMENTERS = {0x41: "ARM", 0x46: "Fujitsu", 0x48: "HiSilicon", 0x4E: "NVIDIA", 0x51: "Qualcomm", 0x61: "Apple",
                0xC0: "Ampere"}
PARTS = {
    (0x41, 0xD08): "Cortex-A72", (0x41, 0xD0B): "Cortex-A76", (0x41, 0xD0C): "Neoverse N1", (0x41, 0xD40): "Neoverse V1",
    (0x41, 0xD49): "Neoverse N2", (0x41, 0xD4F): "Neoverse V2", (0x41, 0xD83): "Neoverse V3",
    (0x41, 0xD8E): "Neoverse N3", (0xC0, 0xAC3): "Ampere-1",
}


def processor(cpuinfo: str | None = None) -> dict:
    """This machine's processor, as the system names it; on ARM64 the family is the version of the architecture and the
    model the part."""
    fields: dict[str, str] = {}
    text = Path("/proc/cpuinfo").read_text() if cpuinfo is None else cpuinfo
    for line in text.split("\n\n")[0].splitlines():
        name, _, value = line.partition(":")
        fields[name.strip()] = value.strip()
    if "CPU implementer" in fields:
        maker, part = int(fields["CPU implementer"], 16), int(fields["CPU part"], 16)
        vendor = IMPLEMENTERS.get(maker, f"implementer {maker:#x}")
        return {
            "name": PARTS.get((maker, part), f"{vendor} part {part:#x}"),
            "vendor": vendor.replace(" ", "-"),
            "family": int(fields["CPU architecture"]),
            "model": part,
            "stepping": int(fields["CPU variant"], 16) * 16 + int(fields["CPU revision"]),
            "cores": os.cpu_count(),
            "flags": fields["Features"].split(),
        }
    return {
        "name": fields["model name"],
        "vendor": fields["vendor_id"],
        "family": int(fields["cpu family"]),
        "model": int(fields["model"]),
        "stepping": int(fields["stepping"]),
        "cores": os.cpu_count(),
        "flags": fields["flags"].split(),
    }


def path(of: dict, int8: bool = False) -> Path:
    """Where a processor's record is, and that of eight bits."""
    name = f"{of['vendor']}-{of['family']}-{of['model']}-{of['stepping']}"
    return RESULTS / f"{name}{'-int8' if int8 else ''}.json"


def is_int8(rounds: dict) -> bool:
    """Whether rounds are of eight bits."""
    return all("vitrun f32" in rows for rows in rounds.values())


def kernels(work: dict) -> set[str]:
    """The kernels that were measured, those that multiply bytes among them."""
    return {name for own in work.values() for name in (own["kernels"], own.get("int8_kernels")) if name}


def commit() -> str:
    """The commit that is measured; of changed files none can be named."""
    git = ["git", "-C", str(ROOT)]
    if subprocess.run([*git, "diff", "--quiet", "HEAD", "--", "Sources", "Package.swift"]).returncode:
        sys.exit("record: the sources have changes that are not committed")
    done = subprocess.run([*git, "show", "-s", "--format=%h %cs"], check=True, capture_output=True)
    return done.stdout.decode().strip()


def write(rounds: dict, work: dict) -> Path:
    """Writes this processor's record."""
    machine = processor()
    packages = INT8_PACKAGES if is_int8(rounds) else PEERS
    record = {
        "processor": machine,
        "commit": commit(),
        "versions": {name: metadata.version(name) for name in packages},
        "milliseconds": rounds,
        "work": work,
    }
    RESULTS.mkdir(exist_ok=True)
    target = path(machine, is_int8(rounds))
    target.write_text(json.dumps(record, indent=1) + "\n")
    return target


def table(rounds: dict, work: dict) -> list[str]:
    """A Markdown table of medians over the rounds."""
    if is_int8(rounds):
        return int8_table(rounds)
    lines = [
        "| f32, ms an image | vitrun | onnxruntime | OpenVINO | PyTorch | faster peer / vitrun | share of the limit |",
        "|---|---|---|---|---|---|---|",
    ]
    for case, rows in rounds.items():
        median = {key: statistics.median(values) for key, values in rows.items()}
        ratio = statistics.median(
            min(a, b) / c
            for a, b, c in zip(rows["onnxruntime"], rows["openvino"], rows["vitrun"], strict=True)
        )
        shares = [
            200 * work[case][key] / median["vitrun"] * 1000 / (median["limit"] or math.inf)
            for key in ("gmacs", "executed_gmacs")
        ]
        share = f"{shares[0]:.0f} % ({shares[1]:.0f} %)"
        peers = " | ".join(f"{median[name]:.1f}" for name in PEERS)
        lines.append(f"| {case} | {median['vitrun']:.1f} | {peers} | {ratio:.2f} | {share} |")
    return lines


def int8_table(rounds: dict) -> list[str]:
    """The same of eight bits."""
    lines = [
        "| int8, ms an image | vitrun | onnxruntime, dynamic | OpenVINO, NNCF | faster peer / vitrun "
        "| vitrun in f32 | f32 / int8 |",
        "|---|---|---|---|---|---|---|",
    ]
    for case, rows in rounds.items():
        median = {key: statistics.median(values) for key, values in rows.items()}
        faster = map(min, zip(*(rows[name] for name in INT8_PEERS), strict=True))
        ratio = statistics.median(a / b for a, b in zip(faster, rows["vitrun"], strict=True))
        own = statistics.median(a / b for a, b in zip(rows["vitrun f32"], rows["vitrun"], strict=True))
        peers = " | ".join(f"{median[name]:.1f}" for name in INT8_PEERS)
        lines.append(
            f"| {case} | {median['vitrun']:.1f} | {peers} | {ratio:.2f} | {median['vitrun f32']:.1f} "
            f"| {own:.2f} |"
        )
    return lines


def block(record: dict) -> str:
    """A processor's part of README."""
    machine, versions = record["processor"], record["versions"]
    hash_, date = record["commit"].split()
    counts = {len(rows["vitrun"]) for rows in record["milliseconds"].values()}
    names = ", ".join(sorted(kernels(record["work"])))
    last = "nncf" if is_int8(record["milliseconds"]) else "torch"
    title = (
        f"{machine['name']} ({machine['vendor']}, family {machine['family']}, model {machine['model']}, "
        f"stepping {machine['stepping']}), {machine['cores']} cores, {names} kernels; "
        f"{'/'.join(map(str, sorted(counts)))} rounds at {hash_} of {date}, with onnxruntime "
        f"{versions['onnxruntime']}, OpenVINO {versions['openvino'].split('-')[0]}, "
        f"{'NNCF' if last == 'nncf' else 'PyTorch'} {versions[last].split('+')[0]}:"
    )
    return "\n".join([title, "", *table(record["milliseconds"], record["work"])])


def readme() -> str:
    """README with the records' tables, the newest first."""
    records = [json.loads(file.read_text()) for file in RESULTS.glob("*.json")]
    # float32 first, and of each the newest.
    records.sort(key=lambda record: record["commit"].split()[1], reverse=True)
    records.sort(key=lambda record: is_int8(record["milliseconds"]))
    text = README.read_text()
    start, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    return text[:start] + "\n\n" + "\n\n".join(map(block, records)) + "\n\n" + text[end:]


def status() -> int:
    """Says whether this processor has a record, and whether kernels changed since; 1 if it has to be made."""
    file = path(processor())
    if not file.exists():
        print(f"record: {processor()['name']} has none: run tools/bench/compare.py --record")
        return 1
    measured = json.loads(file.read_text())["commit"].split()[0]
    changed = subprocess.run(
        ["git", "-C", str(ROOT), "diff", "--quiet", measured, "HEAD", "--", *KERNELS]
    ).returncode
    print(f"record: {file.name} at {measured}, {'older than the kernels' if changed else 'up to date'}")
    return 1 if changed else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    choice = parser.add_mutually_exclusive_group(required=True)
    choice.add_argument("--readme", action="store_true")
    choice.add_argument("--check", action="store_true")
    choice.add_argument("--status", action="store_true")
    arguments = parser.parse_args()
    if arguments.status:
        return status()
    if arguments.readme:
        README.write_text(readme())
        return 0
    if README.read_text() != readme():
        print("record: README's tables of speed are not those of tools/bench/results: record.py --readme")
        return 1
    print("record: README's tables of speed are those of the records")
    return 0


if __name__ == "__main__":
    sys.exit(main())
