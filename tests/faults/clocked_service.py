"""Runs a service by a clock of its own: `python -m tests.faults.clocked_service FILE MODULE`.

The file holds by how many seconds it is wrong, and may change at any time. What is not Python keeps the
machine's clock (docs/decisions/0011).
"""

import runpy
import sys
import threading
import time
from pathlib import Path

import time_machine

_LOOK_SECONDS = 0.05


def _follow(traveller: time_machine.Traveller, file: Path) -> None:
    wrong_by = 0
    while True:
        now = int(file.read_text())
        traveller.shift(now - wrong_by)
        wrong_by = now
        time.sleep(_LOOK_SECONDS)


if __name__ == "__main__":
    _, file, module = sys.argv
    with time_machine.travel(time.time()) as traveller:
        threading.Thread(target=_follow, args=(traveller, Path(file)), daemon=True).start()
        runpy.run_module(module, run_name="__main__", alter_sys=True)
