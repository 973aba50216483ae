"""Processes, distinguished from later ones with the same number (Linux: /proc)."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_START_TICKS = 19
"""Where proc(5) has the start time, counted after the name (which may contain anything)."""


@dataclass(frozen=True, slots=True)
class ProcessId:
    """A process for good: its number, and when in which boot it started."""

    pid: int
    started: str

    @property
    def alive(self) -> bool:
        """Whether it still runs; a zombie does not."""
        return process_id(self.pid) == self

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, unless the process has ended."""
        with _descriptor(self) as descriptor, contextlib.suppress(ProcessLookupError):
            if descriptor is not None:
                signal.pidfd_send_signal(descriptor, number)


def process_id(pid: int) -> ProcessId | None:
    """Identify a running process; None when there is no such process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat[stat.rindex(")") + 2 :].split()
    if fields[0] in "ZX":
        return None
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return ProcessId(pid, f"{boot}:{fields[_START_TICKS]}")


async def wait_ended(processes: Iterable[ProcessId], *, within_seconds: float) -> tuple[ProcessId, ...]:
    """Wait until all have ended; answers those that have not in time."""
    awaited = tuple(processes)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within_seconds):
            for process in awaited:
                await _ended(process)
    return tuple(process for process in awaited if process.alive)


async def end(processes: Iterable[ProcessId], *, grace_seconds: float) -> None:
    """End processes: ask them to (SIGTERM), then insist (SIGKILL)."""
    asked = tuple(processes)
    for process in asked:
        process.signal(signal.SIGTERM)
    left = await wait_ended(asked, within_seconds=grace_seconds)
    for process in left:
        process.signal(signal.SIGKILL)
    await wait_ended(left, within_seconds=grace_seconds)


async def _ended(process: ProcessId) -> None:
    with _descriptor(process) as descriptor:
        if descriptor is None:
            return
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(descriptor, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(descriptor)


@contextlib.contextmanager
def _descriptor(process: ProcessId) -> Iterator[int | None]:
    """A pidfd, which can never mean a later process; None when the process has ended."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except ProcessLookupError:
        yield None
        return
    try:
        yield descriptor if process.alive else None
    finally:
        os.close(descriptor)
