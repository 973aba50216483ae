"""How a mesh is doing at this moment."""

import asyncio
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from mesh.launcher.backends import Backends
from mesh.launcher.readiness import EMPTY, Readiness, Report
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
    """A part and what it is doing.

    Attributes:
        report: What it depends on, for example `order.event_log`, whether that works, and what waits there.
    """

    part: PartState
    condition: Condition
    report: Report = EMPTY

    @property
    def pid(self) -> int | None:
        """The number of its process while it has one."""
        process = self.part.process
        return process.pid if process and process.alive else None

    def document(self) -> dict[str, Any]:
        """What `status --json` says of it."""
        return {
            "name": self.part.name,
            "pid": self.pid,
            "port": self.part.ports[0],
            "state": self.condition.value,
            "restarts": self.part.restarts,
            "lastExit": self.part.last_exit,
            "dependencies": dict(self.report.dependencies),
            "waitingMails": self.report.waiting_mails,
            "refusingShelves": self.report.refusing_shelves,
        }

    @property
    def broken(self) -> tuple[str, ...]:
        """The dependencies that do not work."""
        return tuple(name for name, works in self.report.dependencies.items() if not works)


async def status_of(home: Path) -> tuple[PartCondition, ...]:
    """Ask every part at once; empty when no mesh was started in `home`."""
    state = MeshState.read(home)
    if state is None:
        return ()
    readiness = Readiness(Backends.running(home, state))
    asked = (_condition_of(part, readiness, kept=state.running) for part in state.parts)
    return tuple(await asyncio.gather(*asked))


async def _condition_of(part: PartState, readiness: Readiness, *, kept: bool) -> PartCondition:
    if part.process is None or not part.process.alive:
        return PartCondition(part, Condition.RESTARTING if kept else Condition.STOPPED)
    ready = await readiness.is_ready(part.ready_url)
    report = await readiness.report(part.metrics_url)
    return PartCondition(part, Condition.READY if ready else Condition.RUNNING, report)
