"""Compares the strategies of token reduction on a trained model, without training, at budgets.

Usage: strategies.py PLAN IMAGES [--labels FILE] [--budgets 0.65,0.5] [--every 8]

Of each --every images one is searched on (`vitc search`, without labels), all others judge every row: the share of
the dense model's multiply-adds that is executed, top-1, how often the answer is the dense model's, and KL. Prints the
table of README in Markdown; IMAGES as `vitrun eval` takes them. Needs `.build/release`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BINARIES = ROOT / ".build" / "release"
REWRITES = {
    "drop": ["--strategy", "drop"],
    "fuse": ["--strategy", "fuse"],
    "merge, size-aware": ["--strategy", "merge", "--size-aware"],
    "tome": ["--strategy", "tome"],
    "weighted": ["--strategy", "weighted"],
}


def run(tool: str, *arguments: object) -> str:
    """What a command prints; its errors end this program."""
    done = subprocess.run([BINARIES / tool, *map(str, arguments)], capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout


def halves(images: Path, every: int, folder: Path) -> tuple[Path, Path]:
    """Folders of links: those to search on, and the others, which keep their sub-folders."""
    files = sorted(path for path in images.rglob("*") if path.is_file())
    searched, judged = folder / "searched", folder / "judged"
    for number, path in enumerate(files):
        place = (searched if number % every == 0 else judged) / path.relative_to(images)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(path.resolve())
    return searched, judged


def row(name: str, plan: Path, dense: Path, judged: Path, labels: list[str], total: float) -> str:
    found = json.loads(run("vitrun", "eval", plan, judged, "--against", dense, *labels, "--json", "--quiet"))
    executed = found.get("executed_gmacs")
    if executed is None:
        executed = json.loads(run("vitc", "inspect", plan, "--json"))["executed_gmacs"]
    cells = [f"{100 * executed / total:.1f} %", f"{100 * found['top1']:.1f} %"]
    cells += [f"{100 * found['agreement']:.1f} %", f"{found['kl']:.3f}"]
    return f"| {name} | {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("plan", type=Path)
    parser.add_argument("images", type=Path)
    parser.add_argument("--labels", type=Path)
    parser.add_argument("--budgets", default="0.65,0.5")
    parser.add_argument("--every", type=int, default=8)
    arguments = parser.parse_args()
    labels = ["--labels", str(arguments.labels)] if arguments.labels else []
    dense = arguments.plan
    total = json.loads(run("vitc", "inspect", dense, "--json"))["gmacs"]
    print("| rewrite | executed | top-1 | same answer as dense | KL |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        searched, judged = halves(arguments.images, arguments.every, folder)
        print(row("none", dense, dense, judged, labels, total), flush=True)
        for budget in arguments.budgets.split(","):
            plan = folder / f"{budget}.bin"
            for name, flags in REWRITES.items():
                run("vitc", "rewrite", dense, *flags, "--budget", budget, "-o", plan, "--quiet")
                print(row(f"`--budget {budget}`, {name}", plan, dense, judged, labels, total), flush=True)
            for name, flags in {"searched": [], "searched, a cascade": ["--cascade"]}.items():
                flags = ["--images", searched, "--budget", budget, "--seed", 1, *flags, "--quiet"]
                run("vitc", "search", dense, *flags, "-o", plan)
                print(row(f"`--budget {budget}`, weighted, {name}", plan, dense, judged, labels, total), flush=True)


if __name__ == "__main__":
    main()
