"""Debian packages, for backends that no wheel carries."""

import asyncio
import os
from collections.abc import Sequence

from mesh.backends.backend import BackendError, Say


async def apt_install(packages: Sequence[str], say: Say) -> None:
    """Install packages; only root may.

    Raises:
        BackendError: Not root, no apt-get here, or it failed.
    """
    names = " ".join(packages)
    remedy = f"As root: apt-get install {names}"
    if os.geteuid() != 0:
        raise BackendError(f"{names}: missing on this machine", remedy)
    say(f"installing {names}")
    for arguments in (("update", "-qq"), ("install", "-qq", "-y", "--no-install-recommends", *packages)):
        if await _apt_get(*arguments) != 0:
            raise BackendError(f"apt-get {arguments[0]} failed for {names}", remedy)


async def _apt_get(*arguments: str) -> int:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        process = await asyncio.create_subprocess_exec(
            *("apt-get", *arguments), env=environment, stdout=asyncio.subprocess.DEVNULL
        )
    except FileNotFoundError:
        return -1
    return await process.wait()
