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
from mesh.launcher.part_environment import PartEnvironment
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
    """Runs a part, and restarts it when it ends, until it is stopped.

    Another environment (`try_environment`) is on trial until `keep_environment`: a process that ends by
    itself before gives the part its former environment back.
    """

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
            log_start=self._log_bytes(),
        )
        self._changed = changed
        self._backoff = backoff
        self._environment = PartEnvironment(dict(os.environ))
        self._started = False
        self._kept = False
        self._trying = False
        self._stopping = False
        self._asked_to_end = asyncio.Event()
        self._stopped = asyncio.Event()

    async def run(self) -> None:
        """Run the part until `stop`."""
        self._kept = True
        failures = restarts = 0
        try:
            while not self._stopping:
                self._asked_to_end.clear()
                ran_seconds = await self._run_once(restarts)
                if self._asked_to_end.is_set() or self._environment.revert():
                    failures = 0
                    continue
                failures = 1 if ran_seconds > self._backoff.forget_seconds else failures + 1
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._asked_to_end.wait(), self._backoff.pause_seconds(failures))
                restarts += not self._asked_to_end.is_set()
        finally:
            self._stopped.set()

    async def stop(self) -> None:
        """Ask the part to end, and kill it when it does not; it is not started again."""
        self._stopping = True
        self._asked_to_end.set()
        if self._kept:
            await self._stopped.wait()

    def try_environment(self, variables: Mapping[str, str]) -> None:
        """Ask the process to end, and start the part at once with another environment."""
        self._environment.attempt(variables)
        self._trying = True
        self._asked_to_end.set()

    def keep_environment(self) -> None:
        """Restart the part with the environment on trial from now on."""
        self._environment.keep()

    def revert_environment(self) -> None:
        """End a trial: ask its process to end, and start the part with its former environment."""
        if self._environment.revert():
            self._asked_to_end.set()

    async def _run_once(self, restarts: int) -> float:
        """Start the part and wait until it ends; return after how many seconds."""
        began = asyncio.get_running_loop().time()
        trial = self._trial_begins()
        process = await self._start()
        self._note(process=process_id(process.pid), restarts=restarts, **trial)
        async with asyncio.TaskGroup() as tasks:
            ending = tasks.create_task(self._end_when_asked(process))
            code = await process.wait()
            ending.cancel()
        self._note(process=None, **self._ended_by_itself(code))
        return asyncio.get_running_loop().time() - began

    def _trial_begins(self) -> dict[str, object]:
        trying, self._trying = self._trying, False
        if not trying:
            return {}
        return {"trials": self.state.trials + 1, "log_start": self._log_bytes(), "log_end_of_trial": None}

    def _ended_by_itself(self, code: int) -> dict[str, object]:
        if self._asked_to_end.is_set():
            return {}
        failed = {"log_end_of_trial": self._log_bytes()} if self._environment.is_on_trial else {}
        return {"last_exit": code, **failed}

    async def _start(self) -> asyncio.subprocess.Process:
        with open_log(self._log) as log:
            return await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", "-S", die_with_parent.__file__, str(os.getpid()), *self.part.command),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._variables(),
            )

    async def _end_when_asked(self, process: asyncio.subprocess.Process) -> None:
        await self._asked_to_end.wait()
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
            await asyncio.sleep(self.part.grace_seconds)
            process.kill()

    def _variables(self) -> Mapping[str, str]:
        """What the next process gets; a failpoint is armed in the first one only."""
        variables = {**self._environment.variables, **self.part.environment}
        if self._started:
            variables.pop("FAILPOINT", None)
        self._started = True
        return variables

    def _log_bytes(self) -> int:
        return self._log.stat().st_size if self._log.exists() else 0

    def _note(self, **changes: object) -> None:
        self.state = replace(self.state, **changes)  # type: ignore[arg-type]
        self._changed()
