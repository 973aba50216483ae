"""How a mesh is doing at this moment."""

import asyncio
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from mesh.launcher.readiness import Readiness
from mesh.launcher.state import MeshState, PartState


class Condition(Enum):
    """What a part is doing.

    READY: it answers that it can do its work. RUNNING: its process lives, but it is not ready (yet).
    RESTARTING: its process ended and is about to be started again. STOPPED: nobody keeps it running.
    """

    READY = "ready"
    RUNNING = "not ready"
    RESTARTING = "restarting"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class PartCondition:
    """A part and what it is doing."""

    part: PartState
    condition: Condition

    @property
    def pid(self) -> int | None:
        """The number of its process while it has one."""
        process = self.part.process
        return process.pid if process and process.alive else None


async def look(home: Path) -> tuple[PartCondition, ...]:
    """Ask every part at once; empty when no mesh was started in `home`."""
    state = MeshState.read(home)
    if state is None:
        return ()
    async with Readiness.opened() as readiness:
        asked = (_condition(part, readiness, kept=state.running) for part in state.parts)
        conditions = await asyncio.gather(*asked)
    return tuple(PartCondition(part, found) for part, found in zip(state.parts, conditions, strict=True))


async def _condition(part: PartState, readiness: Readiness, *, kept: bool) -> Condition:
    if part.process is None or not part.process.alive:
        return Condition.RESTARTING if kept else Condition.STOPPED
    return Condition.READY if await readiness.is_ready(part.ready_url) else Condition.RUNNING
