"""Waits until the parts of a started mesh are ready."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

from mesh.launcher.backends import Backends
from mesh.launcher.errors import LaunchError
from mesh.launcher.host.logfiles import last_lines, log_file
from mesh.launcher.parts import FRONT_DOOR
from mesh.launcher.readiness import Readiness
from mesh.launcher.state import MeshState, PartState

READY_WITHIN_SECONDS = 300.0
"""Of a machine that is busy with other things; a part that keeps ending is given up much sooner."""
_SAY_EVERY_SECONDS = 15.0
POLL_SECONDS = 0.1
_MAX_STARTS = 4
"""A part that ended this often before it was ready will not become so."""
SHOWN_LINES = 15

Report = Callable[[PartState], None]
"""Called once per part, when it is ready."""
Say = Callable[[str], None]
"""Called with a line for people about what takes long."""


def in_silence(_line: str) -> None:
    """Say nothing."""


async def await_ready(home: Path, *, report: Report, say: Say = in_silence) -> None:
    """Wait until every part of a started mesh is ready, and the front proxy reaches every service.

    Raises:
        LaunchError: A part keeps ending, or is not ready in time.
    """
    await Waiting(home, report, say=say).for_all()


class Waiting:
    """Who is ready so far, and who is waited for."""

    def __init__(self, home: Path, report: Report, *, say: Say = in_silence) -> None:
        self._home = home
        self._report = report
        self._ready: set[str] = set()
        self._say = say
        self._said_at = time.monotonic()
        self._obstacle = ("supervisor", "has started nothing")

    async def for_backends(self) -> None:
        """Wait for the servers that the services stand on."""
        await self._until(self._has_backends)

    async def for_all(self) -> None:
        """Wait for every part, and until the front proxy reaches the services."""
        await self._until(self._has_all)

    async def _until(self, is_over: Callable[[Readiness], Awaitable[bool]]) -> None:
        readiness = Readiness(Backends.running(self._home, _state(self._home)))
        try:
            async with asyncio.timeout(READY_WITHIN_SECONDS):
                while not await is_over(readiness):
                    self._say_now_and_then()
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            name, what = self._obstacle
            raise not_ready(self._home, name, f"{what} after {READY_WITHIN_SECONDS:.0f} s") from None

    def _say_now_and_then(self) -> None:
        if time.monotonic() >= self._said_at + _SAY_EVERY_SECONDS:
            self._said_at = time.monotonic()
            load, cores = os.getloadavg()[0], os.cpu_count()
            self._say(f"Still waiting: {' '.join(self._obstacle)} (load {load:.1f} on {cores} cores) …")

    async def _has_backends(self, readiness: Readiness) -> bool:
        parts = _state(self._home).parts
        return await self._are_ready([part for part in parts if part.is_backend], readiness)

    async def _has_all(self, readiness: Readiness) -> bool:
        parts = _state(self._home).parts
        return await self._are_ready(parts, readiness) and await self._is_reached(parts, readiness)

    async def _are_ready(self, parts: Iterable[PartState], readiness: Readiness) -> bool:
        """Ask those that were not ready yet; return whether all are."""
        left = [part for part in parts if part.name not in self._ready]
        _refuse_hopeless(self._home, left)
        answers = await asyncio.gather(*(readiness.is_ready(part.ready_url) for part in left))
        for part, ready in zip(left, answers, strict=True):
            if ready:
                self._ready.add(part.name)
                self._report(part)
            else:
                self._obstacle = (part.name, "is not ready")
        return all(answers)

    async def _is_reached(self, parts: Iterable[PartState], readiness: Readiness) -> bool:
        for front in (part for part in parts if part.name == FRONT_DOOR):
            if unreached := await readiness.unreached(front.ready_url):
                self._obstacle = (front.name, f"does not reach {', '.join(unreached)}")
                return False
        return True


def _state(home: Path) -> MeshState:
    state = MeshState.read(home)
    if state is None or not state.running:
        raise not_ready(home, "supervisor", "has ended")
    return state


def _refuse_hopeless(home: Path, parts: Iterable[PartState]) -> None:
    for part in parts:
        if part.restarts >= _MAX_STARTS - 1 and part.process is None:
            raise not_ready(
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


def not_ready(home: Path, name: str, what: str) -> LaunchError:
    """A part that cannot be waited for any longer, with the end of its log."""
    log, state = log_file(home, name), MeshState.read(home)
    start = next((part.log_start for part in state.parts if part.name == name), 0) if state else 0
    lines = "\n".join(f"  {line}" for line in last_lines(log, SHOWN_LINES, start=start)) or "  (nothing)"
    return LaunchError(
        f"{name} {what}. The end of its log since `up`:\n{lines}",
        f"The whole log: {log}\nWhat this machine lacks: shopmesh doctor",
    )
