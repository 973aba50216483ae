"""Starts a planned mesh and waits until it is ready."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from mesh.launcher.host.logfiles import log_file, open_log
from mesh.launcher.host.processes import ProcessId, end, process_id
from mesh.launcher.parts import Plan
from mesh.launcher.state import state_file
from mesh.launcher.stopping import SUPERVISOR_GRACE_SECONDS, stop
from mesh.launcher.waiting import POLL_SECONDS, Report, Say, Waiting, in_silence, not_ready

_SUPERVISOR_SECONDS = 20.0


async def nothing() -> None:
    """Nothing has to be done between the backends and the rest."""


async def start(
    plan: Plan,
    *,
    environment: Mapping[str, str],
    report: Report,
    say: Say = in_silence,
    between: Callable[[], Awaitable[None]] = nothing,
) -> None:
    """Start a supervisor for the plan and wait until every part is ready; else stop what was started.

    Args:
        plan: What to run.
        environment: What every part inherits.
        report: Called for every ready part.
        say: Called with what takes long.
        between: Done when the backends are ready and nothing else was started.

    Raises:
        LaunchError: A part does not become ready; carries the last lines of its log.
    """
    state_file(plan.home).unlink(missing_ok=True)
    with _supervisor(plan, environment) as supervisor:
        try:
            await _await_state(plan.home, supervisor.process)
            waiting = Waiting(plan.home, report, say=say)
            await waiting.for_backends()
            await between()
            supervisor.proceed()
            await waiting.for_all()
        except BaseException:
            await end([supervisor.process], grace_seconds=SUPERVISOR_GRACE_SECONDS)
            await stop(plan.home)
            raise


@dataclass(frozen=True, slots=True)
class _Supervisor:
    """A supervisor and its command pipe; it ends when the pipe closes before `proceed`."""

    process: ProcessId
    pipe: BinaryIO

    def proceed(self) -> None:
        """Let it start what waits for the backends."""
        self.send("proceed")

    def send(self, line: str) -> None:
        with suppress(BrokenPipeError):  # it has ended, which the wait for its parts reports
            self.pipe.write(f"{line}\n".encode())
            self.pipe.flush()


@contextmanager
def _supervisor(plan: Plan, environment: Mapping[str, str]) -> Iterator[_Supervisor]:
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as pipe:
        with os.fdopen(reading, "rb") as end_of_pipe, open_log(log_file(plan.home, "supervisor")) as log:
            # The words of an earlier supervisor would be taken for this one's.
            log.truncate(0)
            pid = os.posix_spawn(
                sys.executable,
                [sys.executable, "-m", "mesh.launcher.supervisor"],
                environment,
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, file.fileno(), to)
                    for file, to in ((end_of_pipe, 0), (log, 1), (log, 2))
                ],
                setsid=True,
            )
        supervisor = _Supervisor(process_id(pid) or ProcessId(pid, "ended"), pipe)
        supervisor.send(plan.to_json())
        yield supervisor


async def _await_state(home: Path, supervisor: ProcessId) -> None:
    try:
        async with asyncio.timeout(_SUPERVISOR_SECONDS):
            while not state_file(home).exists():
                if not supervisor.alive:
                    raise not_ready(home, "supervisor", "has ended")
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        raise not_ready(home, "supervisor", f"wrote no state within {_SUPERVISOR_SECONDS:.0f} s") from None
