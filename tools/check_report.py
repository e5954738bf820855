"""Opens a page of `vitc search --report` in headless Chromium (Debian's package chromium), by hand.

Usage: check_report.py FILE.html [--screenshot OUT.png]

Fails on an error in the page, on a request that leaves it, and where a slider does not move its image or its
count. What the page looks like is for you to see: --screenshot.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

PROBE = """
<script>
addEventListener("load", () => {
  const found = [...document.querySelectorAll("input[type=range]")].map(slider => {
    const figure = slider.closest("figure"), states = [];
    for (const value of [slider.min, slider.max]) {
      slider.value = value;
      slider.dispatchEvent(new Event("input"));
      states.push([getComputedStyle(figure.querySelector("img")).transform, figure.querySelector("output").value]);
    }
    return {complete: figure.querySelector("img").naturalWidth > 0, states};
  });
  const requests = performance.getEntriesByType("resource").map(entry => entry.name).filter(name => !name.startsWith("data:"));
  const text = document.createElement("pre");
  text.id = "probe";
  text.textContent = JSON.stringify({found, requests, errors: window.pageErrors});
  document.body.append(text);
});
</script>
"""
# Before anything of the page runs.
WATCH = "<script>window.pageErrors = []; addEventListener('error', event => pageErrors.push(event.message));</script>"


def chromium(page: Path, *flags: str) -> subprocess.CompletedProcess:
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", *flags]
    return subprocess.run([*command, page.as_uri()], capture_output=True, text=True, timeout=120)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("report", type=Path)
    parser.add_argument("--screenshot", type=Path)
    arguments = parser.parse_args()
    text = arguments.report.read_text()
    faults = []
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        page.write_text(text.replace("<head>", "<head>" + WATCH, 1).replace("</body>", PROBE + "</body>", 1))
        done = chromium(page, "--virtual-time-budget=5000", "--dump-dom")
        faults += [line for line in done.stderr.splitlines() if "CONSOLE" in line]
        probe = re.search(r'<pre id="probe">(.*?)</pre>', done.stdout, re.S)
        if not probe:
            faults.append("the page did not load")
            found = []
        else:
            result = json.loads(probe.group(1).replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">"))
            faults += result["errors"] + [f"a request for {name}" for name in result["requests"]]
            found = result["found"]
        for number, slider in enumerate(found):
            (before, after) = slider["states"]
            if not slider["complete"] or before[0] == after[0] or before[1] == after[1]:
                faults.append(f"slider {number}: {slider}")
        if arguments.screenshot:
            chromium(arguments.report.resolve(), "--window-size=1100,2600", f"--screenshot={arguments.screenshot}")
    for fault in faults:
        print(f"check_report: {fault}")
    print(f"check_report: {len(found)} sliders, {len(faults)} faults")
    return 1 if faults or not found else 0


if __name__ == "__main__":
    sys.exit(main())
