"""Which core works for whom: what is measured has one to itself."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MEASURED = 0
DRIVER = 1
"""The driver, databases, and Envoy."""


def pinned(core: int | None) -> tuple[str, ...]:
    """What to put in front of a command; None: any core."""
    return ("taskset", "-c", f"{MEASURED},{DRIVER}" if core is None else str(core))


def pin(pid: int, core: int) -> None:
    """Move a running process with all its threads."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        # A thread may have ended since it was listed.
        with suppress(ProcessLookupError):
            os.sched_setaffinity(int(thread.name), {core})


@contextmanager
def working_on(*cores: int) -> Iterator[None]:
    """Move this thread, and with it the threads and processes that it starts, for a while."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
