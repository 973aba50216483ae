"""Faults in the code, one at a time: `python -m tests.mutants --folder CLONE [--seed 13] [--count 60]`.

The faults are put into a clean clone, never into this checkout. Each first meets the tests that executed its
line, then those whose names speak of its folder, then the whole of `make test`. Results are appended to
`mutants.jsonl` in the clone, and a run goes on behind the last one. Exits with 1 when a fault survives.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.mutants.executed import Executed
from tests.mutants.mutations import Mutation, draw
from tests.mutants.recording import FOLDER, ROOMS

_MOST_BY_LINE = 60
"""Of the tests that executed a line, so many run before all others do."""
_PYTEST = (".venv/bin/python", "-m", "pytest", "-q", "-n", "2")


def main() -> None:
    """Try the faults that were not tried yet, and report."""
    options = _options()
    root = options.folder.absolute()
    results = root / "mutants.jsonl"
    executed = _executed(root)
    tried: list[dict[str, Any]] = []
    if results.exists():
        tried = [json.loads(line) for line in results.read_text().splitlines()]
    for fault in draw(root, ROOMS, count=options.count, seed=options.seed)[len(tried) :]:
        tried.append(asdict(fault) | _tried(root, fault, executed))
        with results.open("a") as file:
            file.write(json.dumps(tried[-1]) + "\n")
        _say(tried[-1])
    survivors = [each for each in tried if not each["step"]]
    sys.stdout.write(f"seed {options.seed}: {len(tried) - len(survivors)} of {len(tried)} caught\n")
    sys.exit(bool(survivors))


def _executed(root: Path) -> Executed:
    folder = root / "recording"
    if not folder.exists():
        folder.mkdir()
        command = (*_PYTEST, "-p", "tests.mutants.recording")
        subprocess.run(command, cwd=root, env=os.environ | {FOLDER: str(folder)}, check=True)
    return Executed(folder, root)


def _tried(root: Path, fault: Mutation, executed: Executed) -> dict[str, Any]:
    """The step that caught a fault, and the first test that failed."""
    began = time.monotonic()
    fault.put_into(root)
    try:
        for step, tests in _steps(root, fault, executed):
            if failed := _first_failure(root, tests):
                return {"step": step, "by": failed, "seconds": round(time.monotonic() - began)}
    finally:
        subprocess.run(("git", "checkout", "--quiet", fault.path), cwd=root, check=True)
    return {"step": "", "by": "", "seconds": round(time.monotonic() - began)}


def _steps(root: Path, fault: Mutation, executed: Executed) -> Iterator[tuple[str, Sequence[str]]]:
    if by_line := executed.tests_of(fault.path, fault.line):
        yield "tests of its line", by_line[:: 1 + len(by_line) // _MOST_BY_LINE]
    folders = set(Path(fault.path).with_suffix("").parts[1:])
    if near := [str(file) for file in sorted(root.glob("tests/**/test_*.py")) if folders & _words(file)]:
        yield "tests near by", near
    yield "make test", ()


def _words(test: Path) -> set[str]:
    """The folders of a test file, and its name without what all have."""
    return {test.parent.name, test.stem.removeprefix("test_")}


def _first_failure(root: Path, tests: Sequence[str]) -> str:
    command = (*_PYTEST, "-x", "--no-skips", *tests)
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return ""
    named = (line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR")))
    return next(named, f"exit code {done.returncode}: {(done.stdout + done.stderr)[-300:]}")


def _say(result: Mapping[str, Any]) -> None:
    verdict = f"{result['step']}: {result['by']}" if result["step"] else "SURVIVED"
    where = f"{result['path']}:{result['line']} {result['kind']}"
    sys.stdout.write(f"{where}: {verdict} ({result['seconds']} s)\n")
    sys.stdout.flush()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="a clean clone after `make test`")
    parser.add_argument("--seed", type=int, default=13, help="of the faults that are drawn")
    parser.add_argument("--count", type=int, default=60, help="how many faults")
    return parser.parse_args()


if __name__ == "__main__":
    main()
