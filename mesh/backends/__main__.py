"""`python -m mesh.backends`: brings every server of the real profile onto this machine."""

import asyncio
import sys
from pathlib import Path

from mesh.backends.backend import BackendError
from mesh.backends.known import place_backends


async def _install() -> None:
    for each in place_backends(Path()):
        await each.backend.install(_say)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Install what is missing; says what to do where that cannot be."""
    try:
        asyncio.run(_install())
    except BackendError as error:
        sys.exit(f"{error}\n{error.remedy}")


if __name__ == "__main__":
    main()
