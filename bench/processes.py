"""Processes that are measured: started on a core, watched in /proc, ended by their pid."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.cores import pinned

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_GRACE_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Process:
    """A running process."""

    pid: int

    def cpu_seconds(self) -> float:
        """User and system time of all its threads so far; proc(5), fields 14 and 15."""
        behind_name = Path(f"/proc/{self.pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(behind_name[11]) + int(behind_name[12])) / _TICKS_PER_SECOND

    def pause(self) -> None:
        """Keep it from using its core while another process is measured there."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self.pid, signal.SIGCONT)


@asynccontextmanager
async def started(
    command: Sequence[str], *, core: int | None, log: Path, environ: Mapping[str, str]
) -> AsyncIterator[Process]:
    """Run a command on a core, or on any, its output in a file; end it cleanly."""
    with log.open("ab") as output:
        child = await asyncio.create_subprocess_exec(
            *pinned(core), *command, stdout=output, stderr=output, env={**os.environ, **environ}
        )
    process = Process(child.pid)
    try:
        yield process
    finally:
        if child.returncode is None:
            process.resume()
            child.terminate()
        try:
            await asyncio.wait_for(child.wait(), _GRACE_SECONDS)
        except TimeoutError:
            child.kill()
            await child.wait()
