"""Runs one backend beside the caller, for tests and tools; the launcher runs them as parts of a mesh."""

import asyncio
import socket
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from mesh.backends.backend import Backend, BackendError, Place, Say

READY_WITHIN_SECONDS = 60.0
_POLL_SECONDS = 0.1
_GRACE_SECONDS = 20.0
_LOG = "server.log"


@dataclass(frozen=True, slots=True)
class Server:
    """A running server.

    Attributes:
        url: What its clients need.
        pid: Its process, for those who want to harm it.
    """

    url: str
    pid: int
    place: Place


@asynccontextmanager
async def running(backend: Backend, folder: Path, *, say: Say) -> AsyncIterator[Server]:
    """Install, start and end a backend on free ports; what is in `folder` already is kept.

    Raises:
        BackendError: It cannot be had here, or does not become ready.
    """
    await backend.install(say)
    place = Place(folder, free_ports(len(backend.base_ports)))
    async with serving(backend, place) as server:
        yield server


@asynccontextmanager
async def serving(backend: Backend, place: Place) -> AsyncIterator[Server]:
    """Start and end an installed backend in its place."""
    place.folder.mkdir(parents=True, exist_ok=True)
    await backend.prepare(place)
    with (place.folder / _LOG).open("ab") as log:
        process = await asyncio.create_subprocess_exec(*backend.command(place), stdout=log, stderr=log)
    try:
        await _until_ready(backend, place, process)
        yield Server(backend.url(place), process.pid, place)
    finally:
        await _end(process)


def free_ports(count: int) -> tuple[int, ...]:
    """Different ports that are free on loopback now."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return tuple(probe.getsockname()[1] for probe in probes)


async def _until_ready(backend: Backend, place: Place, process: Process) -> None:
    try:
        async with asyncio.timeout(READY_WITHIN_SECONDS):
            while not await backend.initialize(place):
                if process.returncode is not None:
                    raise _not_ready(backend, place, f"ended with exit code {process.returncode}")
                await asyncio.sleep(_POLL_SECONDS)
    except TimeoutError:
        raise _not_ready(backend, place, f"is not ready after {READY_WITHIN_SECONDS:.0f} s") from None


def _not_ready(backend: Backend, place: Place, what: str) -> BackendError:
    return BackendError(f"{backend.name} {what}", f"Its log: {place.folder / _LOG}")


async def _end(process: Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _GRACE_SECONDS)
    except TimeoutError:
        process.kill()
        await process.wait()
