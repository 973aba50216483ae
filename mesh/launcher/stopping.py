"""Stops a mesh and makes sure that nothing of it is left."""

from pathlib import Path

from mesh.launcher.host.processes import end
from mesh.launcher.parts import BACKEND_GRACE_SECONDS, GRACE_SECONDS
from mesh.launcher.state import MeshState, state_file

SUPERVISOR_GRACE_SECONDS = GRACE_SECONDS + GRACE_SECONDS + BACKEND_GRACE_SECONDS + 3
"""Services, front proxy and backends, one layer after the other."""


async def stop(home: Path, *, grace_seconds: float = BACKEND_GRACE_SECONDS) -> tuple[str, ...]:
    """Stop the mesh in `home`, and what a killed supervisor left behind.

    Returns:
        The names of the parts that were stopped; none when nothing ran.
    """
    before = MeshState.read(home)
    if before is None:
        return ()
    alive = tuple(part.name for part in before.parts if part.process and part.process.alive)
    await end([before.supervisor], grace_seconds=SUPERVISOR_GRACE_SECONDS)
    after = MeshState.read(home) or before
    await end({*before.processes, *after.processes}, grace_seconds=grace_seconds)
    state_file(home).unlink(missing_ok=True)
    return alive
