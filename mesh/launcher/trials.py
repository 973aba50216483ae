"""Gives a part of a running mesh another environment, and its former one back when it does not work."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mesh.launcher.errors import LaunchError
from mesh.launcher.host.logfiles import last_lines, log_file
from mesh.launcher.readiness import Readiness
from mesh.launcher.restart_request import REQUEST_SIGNAL, RestartRequest, Step, request_file
from mesh.launcher.state import MeshState, PartState
from mesh.launcher.waiting import POLL_SECONDS, SHOWN_LINES, exit_text

_TAKEN_SECONDS = 10.0


class _NotReady(Exception):
    """A process on trial has ended, or takes too long; says which."""


@dataclass(frozen=True, slots=True)
class Trials:
    """Asks the supervisor for restarts and waits for what becomes of them.

    Attributes:
        patience_seconds: How long a part may take to be ready again.
    """

    home: Path
    readiness: Readiness
    patience_seconds: float

    async def restart(self, name: str, environment: Mapping[str, str]) -> None:
        """Restart a part with another environment; when it is not ready, with its former one.

        Raises:
            LaunchError: It was not ready; carries the last lines of its log since then.
        """
        before = self.part(name)
        try:
            await self._ask(RestartRequest(name, Step.TRY, environment))
            await self._await_trial(name, before.trials + 1)
            await self._ask(RestartRequest(name, Step.KEEP))
            self._refuse_failed(self.part(name))
        except _NotReady as problem:
            failed = self.part(name)
            lines = self._lines_of_trial(failed)
            await self._await_former(failed)
            raise LaunchError(
                f"{name} {problem} with the new settings. The end of its log since then:\n{lines}\n"
                "It runs with its former settings.",
                f"The whole log: {log_file(self.home, name)}",
            ) from None
        except asyncio.CancelledError:
            self._send(RestartRequest(name, Step.REVERT))
            raise

    def part(self, name: str) -> PartState:
        """The part as the supervisor sees it now."""
        return next(each for each in MeshState.read_running(self.home).parts if each.name == name)

    async def _ask(self, request: RestartRequest) -> None:
        """Send a request and wait until the supervisor has carried it out."""
        self._send(request)

        async def is_taken() -> bool:
            return not request_file(self.home).exists()

        if not await in_time(is_taken, _TAKEN_SECONDS):
            request_file(self.home).unlink(missing_ok=True)
            raise LaunchError(
                f"The supervisor did not take the request within {_TAKEN_SECONDS:.0f} s.",
                "Was the mesh started by an earlier version? shopmesh down && shopmesh up",
            )

    def _send(self, request: RestartRequest) -> None:
        request.write(self.home)
        MeshState.read_running(self.home).supervisor.signal(REQUEST_SIGNAL)

    async def _await_trial(self, name: str, trial: int) -> None:
        async def is_ready() -> bool:
            part = self.part(name)
            if part.trials < trial:
                return False
            self._refuse_failed(part)
            return await self._is_ready(part)

        if not await in_time(is_ready, self.patience_seconds):
            raise _NotReady(f"is not ready after {self.patience_seconds:.0f} s")

    def _refuse_failed(self, part: PartState) -> None:
        if part.log_end_of_trial is not None:
            raise _NotReady(f"ended with {exit_text(part.last_exit)}")

    async def _await_former(self, failed: PartState) -> None:
        tried = failed.process if failed.log_end_of_trial is None else None
        await self._ask(RestartRequest(failed.name, Step.REVERT))

        async def is_ready() -> bool:
            part = self.part(failed.name)
            return part.process != tried and await self._is_ready(part)

        if not await in_time(is_ready, self.patience_seconds):
            raise LaunchError(
                f"{failed.name} was not ready with the new settings, nor is it with its former ones.",
                f"Its log: {log_file(self.home, failed.name)}",
            )

    async def _is_ready(self, part: PartState) -> bool:
        """Ask a part, and look whether the process that answered is still there."""
        ready = part.process is not None and await self.readiness.is_ready(part.ready_url)
        return ready and self.part(part.name).process == part.process

    def _lines_of_trial(self, part: PartState) -> str:
        log, start, end = log_file(self.home, part.name), part.log_start, part.log_end_of_trial
        lines = last_lines(log, SHOWN_LINES, start=start, end=end)
        return "\n".join(f"  {line}" for line in lines) or "  (nothing)"


async def in_time(is_over: Callable[[], Awaitable[bool]], seconds: float) -> bool:
    """Wait until something is over; return whether it is, in time."""
    try:
        async with asyncio.timeout(seconds):
            while not await is_over():  # noqa: ASYNC110 - other processes set no event
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        return False
    return True
