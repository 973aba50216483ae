"""Runs one part and restarts it when it ends."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from mesh.launcher.host import die_with_parent
from mesh.launcher.host.logfiles import log_file, open_log
from mesh.launcher.host.processes import process_id
from mesh.launcher.parts import Part
from mesh.launcher.state import PartState


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait before a part is started again: twice as long each time, up to a limit.

    Attributes:
        forget_seconds: A part that ran this long is taken to be well; counting starts anew.
    """

    first_seconds: float = 0.2
    longest_seconds: float = 10.0
    forget_seconds: float = 30.0

    def pause_seconds(self, failures: int) -> float:
        """The pause after the given number of failures in a row, from 1."""
        return min(self.first_seconds * 2.0 ** min(failures - 1, 16), self.longest_seconds)


DEFAULT_BACKOFF = Backoff()


class PartProcess:
    """Runs a part, and restarts it when it ends, until it is stopped."""

    def __init__(
        self,
        part: Part,
        *,
        home: Path,
        changed: Callable[[], None],
        backoff: Backoff = DEFAULT_BACKOFF,
    ) -> None:
        self.part = part
        self._log = log_file(home, part.name)
        self.state = PartState(
            part.name,
            part.ports,
            part.ready_url,
            metrics_url=part.metrics_url,
            layer=part.layer,
            log_start=self._log.stat().st_size if self._log.exists() else 0,
        )
        self._changed = changed
        self._backoff = backoff
        self._kept = False
        self._stopping = asyncio.Event()
        self._stopped = asyncio.Event()

    async def run(self) -> None:
        """Run the part until `stop`."""
        self._kept = True
        loop = asyncio.get_running_loop()
        failures = 0
        try:
            while not self._stopping.is_set():
                began = loop.time()
                await self._run_once()
                failures = 1 if loop.time() - began > self._backoff.forget_seconds else failures + 1
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), self._backoff.pause_seconds(failures))
        finally:
            self._stopped.set()

    async def stop(self) -> None:
        """Ask the part to end, and kill it when it does not; it is not started again."""
        self._stopping.set()
        if self._kept:
            await self._stopped.wait()

    async def _run_once(self) -> None:
        first = self.state.last_exit is None
        process = await self._start(first=first)
        self._note(process=process_id(process.pid), restarts=self.state.restarts + (not first))
        async with asyncio.TaskGroup() as tasks:
            ending = tasks.create_task(self._end_when_stopped(process))
            code = await process.wait()
            ending.cancel()
        self._note(process=None, last_exit=code)

    async def _start(self, *, first: bool) -> asyncio.subprocess.Process:
        with open_log(self._log) as log:
            return await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", die_with_parent.__file__, str(os.getpid()), *self.part.command),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment(first=first),
            )

    async def _end_when_stopped(self, process: asyncio.subprocess.Process) -> None:
        await self._stopping.wait()
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
            await asyncio.sleep(self.part.grace_seconds)
            process.kill()

    def _environment(self, *, first: bool) -> Mapping[str, str]:
        environment = {**os.environ, **self.part.environment}
        if not first:
            environment.pop("FAILPOINT", None)
        return environment

    def _note(self, **changes: object) -> None:
        self.state = replace(self.state, **changes)  # type: ignore[arg-type]
        self._changed()
