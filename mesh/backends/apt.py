"""Debian packages, for backends that no wheel carries."""

import asyncio
import os
import shutil
from asyncio.subprocess import DEVNULL
from collections.abc import Sequence

from mesh.backends.backend import BackendError, Say

# What a package may ask meanwhile is answered by the defaults.
_APT_GET = ("env", "DEBIAN_FRONTEND=noninteractive", "apt-get")


async def apt_install(packages: Sequence[str], say: Say) -> None:
    """Install packages, as root or by a sudo that asks nothing.

    Raises:
        BackendError: No apt-get here, no right to use it, or it failed.
    """
    names = " ".join(packages)
    remedy = f"As root: apt-get update && apt-get install -y --no-install-recommends {names}"
    privileged = await _privileged()
    if privileged is None:
        raise BackendError(f"{names}: missing on this machine, and no right to install it", remedy)
    say(f"==> Installing {names} by apt-get")
    # Where the lists cannot be had anew, those that are here may do.
    await _run(*privileged, *_APT_GET, "update", "-qq")
    install = ("install", "-qq", "-y", "--no-install-recommends", *packages)
    if await _run(*privileged, *_APT_GET, *install) != 0:
        raise BackendError(f"apt-get could not install {names}", remedy)


async def _privileged() -> tuple[str, ...] | None:
    """What a command begins with to be run as root; None: it cannot be."""
    if not shutil.which("apt-get"):
        return None
    if os.geteuid() == 0:
        return ()
    if shutil.which("sudo") and await _run("sudo", "-n", "true") == 0:
        return ("sudo", "-n")
    return None


async def _run(*command: str) -> int:
    process = await asyncio.create_subprocess_exec(*command, stdin=DEVNULL, stdout=DEVNULL)
    return await process.wait()
