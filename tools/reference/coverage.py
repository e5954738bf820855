"""Builds the models that people have, converts each with vitc, runs it with vitrun and compares the
outputs with PyTorch's: which are right, which refused, and which wrong in silence.

    python tools/reference/coverage.py                                  # every suite
    python tools/reference/coverage.py --suite timm-bare --filter rope  # some of one
    python tools/reference/coverage.py --write COVERAGE.md

Weights are random, every norm, bias and LayerScale too. Outcomes: `exact` (within 1e-4 of the
largest logit), `assumed` (so, and a note says what was assumed), `assumed-other` (other numbers,
and a note names the value that decides), `refused`, `WRONG` (exit 0, other numbers, no such note),
`CRASH`, `not measured`. The exit code is 1 where anything is WRONG or crashed.

Needs requirements-variants.txt beside this file.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import sys
import tempfile
import time
import warnings
from pathlib import Path

from sweep import report
from sweep.jobs import Job, run_jobs
from sweep.outcome import Result
from sweep.run import Tools
from sweep.suites import DEFAULT, SUITES, jobs_of

REPOSITORY = Path(__file__).resolve().parents[2]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    build = REPOSITORY / ".build/release"
    parser.add_argument("--vitc", type=Path, default=build / "vitc")
    parser.add_argument("--vitrun", type=Path, default=build / "vitrun")
    parser.add_argument("--suite", nargs="+", choices=SUITES, default=list(DEFAULT))
    parser.add_argument("--filter", type=re.compile, default=re.compile(""), metavar="REGEX",
                        help="cases whose name matches")
    parser.add_argument("--limit", type=int, help="this many cases of each suite")
    parser.add_argument("--jobs", type=int, default=2, help="models built at a time")
    parser.add_argument("--parameters", type=int, default=150, metavar="MILLIONS",
                        help="timm models up to this size keep their depth")
    parser.add_argument("--write", type=Path, metavar="FILE.md", help="write the tables here")
    parser.add_argument("--list", action="store_true", help="print the cases, and stop")
    return parser.parse_args()


def selected(jobs: list[Job], options: argparse.Namespace) -> list[tuple[str, str]]:
    """The cases that the options ask for, suite by suite."""
    cases = []
    for suite in options.suite:
        found = [case for job in jobs for case in job.cases
                 if case[0] == suite and options.filter.search(case[1])]
        cases += found[: options.limit]
    return cases


def main() -> int:
    options = arguments()
    warnings.simplefilter("ignore")
    jobs = jobs_of(options.suite, options.parameters)
    cases = selected(jobs, options)
    wanted = frozenset(cases)
    if options.list:
        print("\n".join(f"{suite}  {name}" for suite, name in cases))
        return 0
    if missing := [tool for tool in (options.vitc, options.vitrun) if not os.access(tool, os.X_OK)]:
        sys.exit(f"coverage.py: {missing[0]}: expected a built binary, found none")
    jobs = [job for job in jobs if wanted.intersection(job.cases)]
    results: dict[tuple[str, str], Result] = {}
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="coverage-") as root:
        # Copies, for a build that goes on would change them under the sweep.
        tools = Tools(*(Path(shutil.copy2(tool, root)) for tool in (options.vitc, options.vitrun)))
        for result in run_jobs(jobs, wanted, tools, options.jobs, Path(root)):
            results[result.suite, result.name] = result
            seconds = time.monotonic() - start
            print(f"[{len(results)}/{len(cases)} {seconds:.0f}s] {result.suite}  {result.name}: "
                  f"{result.outcome}  {result.detail[:150]}", flush=True)
    ordered = [results[case] for case in cases]
    failures = [result for result in ordered if result.outcome.is_failure]
    print(f"\n{report.in_columns(report.summary(ordered))}")
    print(f"Seconds of a worker: {report.seconds(ordered)}.")
    for result in failures:
        print(f"{result.outcome}: {result.suite}  {result.name}: {result.detail[:150]}")
    if options.write:
        options.write.write_text(report.markdown(ordered, REPOSITORY))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
