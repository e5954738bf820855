"""Kills convert, rewrite and export at random moments and checks that outputs are whole or absent.

Usage: kill.py [--kills N]

Half the kills are SIGKILL, the others SIGTERM and SIGINT, which end in an exit code; half the runs find an
older output in place. After each, the folder holds what it held before, or the finished plan, and nothing
else. Closes with `N passed, N failed`.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VITC = ROOT / ".build" / "release" / "vitc"
OLD = b"an older output"


def duration(command: list) -> float:
    """Seconds that the command takes undisturbed."""
    start = time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    return time.monotonic() - start


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="kills of each command")
    arguments = parser.parse_args()
    source = random.Random(1)
    outcomes = {"old": 0, "absent": 0, "whole": 0}
    failed = 0
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        checkpoint = base / "model.safetensors"
        maker = ROOT / "tools" / "bench" / "random_checkpoint.py"
        maker_command = [sys.executable, maker, "deit_tiny_patch16_224", checkpoint]
        subprocess.run(maker_command, check=True)
        dense, folder = base / "dense.bin", base / "out"
        folder.mkdir()
        output = folder / "plan.bin"
        commands = {
            "convert": [VITC, "convert", checkpoint, "-o", output, "--quiet"],
            "rewrite": [VITC, "rewrite", dense, "--keep", "0.7", "-o", output, "--quiet"],
            "export": [VITC, "export", dense, "-o", output, "--quiet"],
        }
        subprocess.run([VITC, "convert", checkpoint, "-o", dense, "--quiet"], check=True)
        for command in commands.values():
            seconds = duration(command)
            whole = output.read_bytes()
            for number in range(arguments.kills):
                output.unlink(missing_ok=True)
                if number % 2:
                    output.write_bytes(OLD)
                process = subprocess.Popen(
                    command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                )
                time.sleep(source.uniform(0, seconds))
                kinds = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
                sent = kinds[number % 4]
                process.send_signal(sent)
                code = process.wait()
                ended = -sent if sent == signal.SIGKILL else 128 + sent
                found = output.read_bytes() if output.exists() else None
                kind = {OLD: "old", whole: "whole", None: "absent"}.get(found)
                # Before a command has started in earnest, the system's own handling of signals holds.
                expected = code in (0, ended, -sent)
                if kind is None or not expected or os.listdir(folder) not in ([], ["plan.bin"]):
                    failed += 1
                    print(f"kill {number}: exit {code}, {os.listdir(folder)}")
                else:
                    outcomes[kind] += 1
    print(", ".join(f"{kind} {count}" for kind, count in outcomes.items()))
    print(f"{sum(outcomes.values())} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
