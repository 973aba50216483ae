"""What a mesh needs before its first part starts: folders, secrets and demo data.

Everything is made once and kept; doing it again changes nothing.
"""

import asyncio
import secrets
import subprocess
import sys
from collections.abc import Mapping

from mesh.launcher.errors import LaunchError
from mesh.launcher.files import make_private_folder, write_private
from mesh.launcher.logfiles import last_lines, log_file, open_log
from mesh.launcher.planning import part_environment
from mesh.settings import MeshSettings

_KEYS = "services.user.keys"
_SEEDS = ("services.user.seed", "services.inventory.seed")
_LOG = "prepare"


def make_folders(settings: MeshSettings) -> None:
    """Make the folders of a mesh, open to their owner only."""
    below = ("run", "logs", "mail", "embedded", "secrets/clients")
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
    await _run(settings, _KEYS, complete)
    async with asyncio.TaskGroup() as tasks:
        for module in _SEEDS:
            tasks.create_task(_run(settings, module, complete))


async def _run(settings: MeshSettings, module: str, environment: Mapping[str, str]) -> None:
    path = log_file(settings.home, _LOG)
    with open_log(path) as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", module), stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment
        )
    if code := await process.wait():
        lines = "\n".join(f"  {line}" for line in last_lines(path, 10))
        raise LaunchError(f"{module} failed with exit code {code}:\n{lines}", f"The whole output: {path}")
