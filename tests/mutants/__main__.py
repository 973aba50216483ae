"""Faults in the code, one at a time: `python -m tests.mutants --folder CLONE [--seed 13] [--count 60]`.

The faults are put into a clean clone, never into this checkout. Each meets the tests that executed its line
and those whose names speak of its folder, up to the first failure; those that survive then meet the whole of
`make test`. Results are appended to `mutants.jsonl` in the clone, and a run goes on where the last one was
cut off. Exits with 1 when a fault survives.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.mutants.executed import Executed
from tests.mutants.mutations import Mutation, draw
from tests.mutants.recording import FOLDER, ROOMS

_FIRST = 60
"""Of the tests that executed a line, so many run before all others do."""
_MOST = 600
"""Beyond so many the whole of `make test` is as quick."""
_WHOLE = "make test"
_PYTEST = (".venv/bin/python", "-m", "pytest", "-q", "-n", "2")


def main() -> None:
    """Try the faults that were not tried yet, and report."""
    options = _options()
    root = options.folder.absolute()
    executed = _executed(root)
    faults = draw(root, ROOMS, count=options.count, seed=options.seed)
    results = _Results(root / "mutants.jsonl")
    for fault in faults:
        if fault not in results:
            results.add(fault, _tried(root, fault, _steps(root, fault, executed)))
    for fault in faults:
        if not results[fault]["step"] and _WHOLE not in results[fault]["tried"]:
            results.add(fault, _tried(root, fault, {_WHOLE: ()}))
    survivors = [fault for fault in faults if not results[fault]["step"]]
    sys.stdout.write(f"seed {options.seed}: {len(faults) - len(survivors)} of {len(faults)} caught\n")
    sys.exit(bool(survivors))


class _Results:
    """What became of each fault; a later line of the file is worth more than an earlier one."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._by_fault: dict[Mutation, dict[str, Any]] = {}
        for line in file.read_text().splitlines() if file.exists() else ():
            row = json.loads(line)
            self._by_fault[Mutation(**row["fault"])] = row

    def __contains__(self, fault: Mutation) -> bool:
        return fault in self._by_fault

    def __getitem__(self, fault: Mutation) -> Mapping[str, Any]:
        return self._by_fault[fault]

    def add(self, fault: Mutation, result: Mapping[str, Any]) -> None:
        row = self._by_fault[fault] = {"fault": asdict(fault), **result}
        with self._file.open("a") as file:
            file.write(json.dumps(row) + "\n")
        verdict = (
            f"{result['step']}: {result['by']}"
            if result["step"]
            else "survived " + ", ".join(result["tried"])
        )
        where = f"{fault.path}:{fault.line} {fault.kind}"
        sys.stdout.write(f"{where}: {verdict} ({result['seconds']} s)\n")
        sys.stdout.flush()


def _executed(root: Path) -> Executed:
    """Which test executed which line, recorded by one run.

    Raises:
        SystemExit: It was recorded at another commit, of which lines and tests may be gone.
    """
    folder, commit = root / "recording", _commit(root)
    at = folder / "commit"
    if not at.exists():
        folder.mkdir(exist_ok=True)
        command = (*_PYTEST, "-p", "tests.mutants.recording")
        subprocess.run(command, cwd=root, env=os.environ | {FOLDER: str(folder)}, check=True)
        at.write_text(commit)
    if at.read_text() != commit:
        sys.exit(f"{folder} was recorded at {at.read_text()}, the clone is at {commit}. Remove that folder.")
    return Executed(folder, root)


def _commit(root: Path) -> str:
    command = ("git", "rev-parse", "--short", "HEAD")
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.strip()


def _tried(root: Path, fault: Mutation, steps: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """The steps that a fault met, the one that caught it, and the first test that failed."""
    began = time.monotonic()
    result: dict[str, Any] = {"step": "", "by": "", "tried": []}
    fault.put_into(root)
    try:
        for step, tests in steps.items():
            result["tried"].append(step)
            if failed := _first_failure(root, tests):
                result |= {"step": step, "by": failed}
                break
    finally:
        subprocess.run(("git", "checkout", "--quiet", fault.path), cwd=root, check=True)
    return result | {"seconds": round(time.monotonic() - began)}


def _steps(root: Path, fault: Mutation, executed: Executed) -> dict[str, Sequence[str]]:
    by_line = executed.tests_of(fault.path, fault.line)
    first = by_line[:: 1 + len(by_line) // _FIRST]
    folders = set(Path(fault.path).with_suffix("").parts[1:])
    near = [str(file) for file in sorted(root.glob("tests/**/test_*.py")) if folders & _words(file)]
    steps = {
        "some tests of its line": first,
        "tests near by": near,
        "all tests of its line": sorted(set(by_line) - set(first)) if len(by_line) <= _MOST else (),
    }
    return {step: tests for step, tests in steps.items() if tests}


def _words(test: Path) -> set[str]:
    """The folders of a test file, and its name without what all have."""
    return {test.parent.name, test.stem.removeprefix("test_")}


def _first_failure(root: Path, tests: Sequence[str]) -> str:
    command = (*_PYTEST, "-x", "--no-skips", *tests)
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return ""
    named = (line for line in done.stdout.splitlines() if line.startswith(("FAILED ", "ERROR tests")))
    return next(named, f"exit code {done.returncode}: {(done.stdout + done.stderr)[-300:]}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="a clean clone after `make test`")
    parser.add_argument("--seed", type=int, default=13, help="of the faults that are drawn")
    parser.add_argument("--count", type=int, default=60, help="how many faults")
    return parser.parse_args()


if __name__ == "__main__":
    main()
