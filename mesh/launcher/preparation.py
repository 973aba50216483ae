"""What a mesh needs before its first part starts: folders, secrets and demo data.

Everything is made once and kept; doing it again changes nothing.
"""

import asyncio
import secrets
import subprocess
import sys
from collections.abc import Mapping

from mesh.launcher.errors import LaunchError
from mesh.launcher.host.files import make_private_folder, write_private
from mesh.launcher.planning import part_environment
from mesh.settings import MeshSettings

_SEEDS = ("services.user.seed", "services.inventory.seed")
_SHOWN_LINES = 15
_REMEDY = "What this machine lacks: shopmesh doctor"


def make_folders(settings: MeshSettings) -> None:
    """Make the folders of a mesh, open to their owner only."""
    below = ("run", "logs", "mail", "secrets/clients")
    for folder in (settings.home, settings.secrets, *(settings.home / name for name in below)):
        make_private_folder(folder)


def edge_secret(settings: MeshSettings) -> str:
    """What the front proxy proves itself with to the services; made once."""
    file = settings.secrets / "edge.secret"
    if not file.exists():
        write_private(file, secrets.token_urlsafe(32))
    return file.read_text()


async def make_keys_and_data(settings: MeshSettings, environment: Mapping[str, str]) -> None:
    """Have the services make their keys, clients, demo accounts and catalogue.

    Raises:
        LaunchError: One of them failed; carries the last lines of its output.
    """
    complete = {**environment, **part_environment(settings)}
    await asyncio.gather(*(_run(module, complete) for module in _SEEDS))


async def _run(module: str, environment: Mapping[str, str]) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
    )
    output, _ = await process.communicate()
    if process.returncode:
        lines = "\n".join(
            f"  {line}" for line in output.decode(errors="replace").splitlines()[-_SHOWN_LINES:]
        )
        raise LaunchError(f"{module} failed with exit code {process.returncode}:\n{lines}", _REMEDY)
