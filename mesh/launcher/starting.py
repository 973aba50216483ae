"""Starts a planned mesh and waits until it is ready."""

import asyncio
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from mesh.launcher.errors import LaunchError
from mesh.launcher.logfiles import last_lines, log_file, open_log
from mesh.launcher.parts import FRONT_DOOR, Plan
from mesh.launcher.processes import ProcessId, end, process_id
from mesh.launcher.readiness import Readiness
from mesh.launcher.state import MeshState, PartState, state_file
from mesh.launcher.stopping import SUPERVISOR_GRACE_SECONDS, stop

READY_WITHIN_SECONDS = 60.0
_SUPERVISOR_SECONDS = 20.0
_POLL_SECONDS = 0.1
_MAX_STARTS = 4
"""A part that ended this often before it was ready will not become so."""
_SHOWN_LINES = 15

Report = Callable[[PartState], None]
"""Called once per part, when it is ready."""


async def start(plan: Plan, *, environment: Mapping[str, str], report: Report) -> None:
    """Start a supervisor for the plan and wait until every part is ready; else stop what was started.

    Raises:
        LaunchError: A part does not become ready; carries the last lines of its log.
    """
    state_file(plan.home).unlink(missing_ok=True)
    supervisor = _start_supervisor(plan, environment)
    try:
        await _await_state(plan.home, supervisor)
        await await_ready(plan.home, report=report)
    except BaseException:
        await end([supervisor], grace_seconds=SUPERVISOR_GRACE_SECONDS)
        await stop(plan.home)
        raise


async def await_ready(home: Path, *, report: Report, within_seconds: float = READY_WITHIN_SECONDS) -> None:
    """Wait until every part of a started mesh is ready, and the front proxy reaches every service.

    Raises:
        LaunchError: A part keeps ending, or is not ready in time.
    """
    waiting = Waiting(home, report)
    try:
        async with asyncio.timeout(within_seconds), Readiness.opened() as readiness:
            while not await waiting.is_over(readiness):  # noqa: ASYNC110 - other processes set no event
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        name, what = waiting.obstacle
        raise _not_ready(home, name, f"{what} after {within_seconds:.0f} s") from None


class Waiting:
    """Who is ready so far, and who is waited for."""

    def __init__(self, home: Path, report: Report) -> None:
        self._home = home
        self._report = report
        self._ready: set[str] = set()
        self.obstacle = ("supervisor", "has started nothing")

    async def is_over(self, readiness: Readiness) -> bool:
        """Ask those that were not ready yet; tell whether all are."""
        parts = _parts(self._home)
        left = [part for part in parts if part.name not in self._ready]
        _refuse_hopeless(self._home, left)
        answers = await asyncio.gather(*(readiness.is_ready(part.ready_url) for part in left))
        for part, ready in zip(left, answers, strict=True):
            if ready:
                self._ready.add(part.name)
                self._report(part)
            else:
                self.obstacle = (part.name, "is not ready")
        return all(answers) and await self._is_reached(parts, readiness)

    async def _is_reached(self, parts: Iterable[PartState], readiness: Readiness) -> bool:
        for front in (part for part in parts if part.name == FRONT_DOOR):
            if unreached := await readiness.unreached(front.ready_url):
                self.obstacle = (front.name, f"does not reach {', '.join(unreached)}")
                return False
        return True


def _parts(home: Path) -> tuple[PartState, ...]:
    state = MeshState.read(home)
    if state is None or not state.running:
        raise _not_ready(home, "supervisor", "has ended")
    return state.parts


def _refuse_hopeless(home: Path, parts: Iterable[PartState]) -> None:
    for part in parts:
        if part.restarts >= _MAX_STARTS - 1 and part.process is None:
            raise _not_ready(
                home, part.name, f"ended {_MAX_STARTS} times, last with {exit_text(part.last_exit)}"
            )


def exit_text(code: int | None) -> str:
    """An exit code for people."""
    match code:
        case None:
            return "-"
        case code if code < 0:
            return f"signal {-code}"
        case _:
            return f"exit code {code}"


def _not_ready(home: Path, name: str, what: str) -> LaunchError:
    log = log_file(home, name)
    lines = "\n".join(f"  {line}" for line in last_lines(log, _SHOWN_LINES)) or "  (nothing)"
    return LaunchError(
        f"{name} {what}. The end of its log:\n{lines}",
        f"The whole log: {log}\nWhat this machine lacks: shopmesh doctor",
    )


def _start_supervisor(plan: Plan, environment: Mapping[str, str]) -> ProcessId:
    with open_log(log_file(plan.home, "supervisor")) as log, tempfile.TemporaryFile("w+") as text:
        text.write(plan.to_json())
        text.seek(0)
        pid = os.posix_spawn(
            sys.executable,
            [sys.executable, "-m", "mesh.launcher.supervisor"],
            environment,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, file.fileno(), to) for file, to in ((text, 0), (log, 1), (log, 2))
            ],
            setsid=True,
        )
    return process_id(pid) or ProcessId(pid, "ended")


async def _await_state(home: Path, supervisor: ProcessId) -> None:
    try:
        async with asyncio.timeout(_SUPERVISOR_SECONDS):
            while not state_file(home).exists():
                if not supervisor.alive:
                    raise _not_ready(home, "supervisor", "has ended")
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        raise _not_ready(home, "supervisor", f"wrote no state within {_SUPERVISOR_SECONDS:.0f} s") from None
