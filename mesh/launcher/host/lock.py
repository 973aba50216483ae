"""One command at a time starts or stops a mesh."""

import asyncio
import contextlib
import fcntl
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import BinaryIO

from mesh.launcher.errors import LaunchError

_RETRY_SECONDS = 0.1


@contextlib.asynccontextmanager
async def exclusive(
    home: Path, *, waiting: Callable[[], None], within_seconds: float = 600
) -> AsyncIterator[None]:
    """Hold `run/lock`; it frees itself when the holder dies.

    `waiting` is called once when another command holds it.

    Raises:
        LaunchError: The other command did not finish in time.
    """
    with (home / "run" / "lock").open("ab") as file:
        if not _locked(file):
            waiting()
            await _wait_locked(file, within_seconds)
        yield


async def _wait_locked(file: BinaryIO, within_seconds: float) -> None:
    try:
        async with asyncio.timeout(within_seconds):
            while not _locked(file):  # noqa: ASYNC110  # flock has no event to wait for
                await asyncio.sleep(_RETRY_SECONDS)
    except TimeoutError:
        raise LaunchError(
            f"Another shopmesh command has been starting or stopping this mesh for {within_seconds:.0f} s.",
            f"See who holds it: fuser {file.name}",
        ) from None


def _locked(file: BinaryIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
