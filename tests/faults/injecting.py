"""Kills, pauses and restarts the processes of a running mesh."""

import json
import os
import signal
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from tests.support.running_mesh import RunningMesh
from tests.support.waiting import until

_BACK_SECONDS = 120.0
_BACKEND_LAYER = 2
_PATIENCE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to a part: it is killed, asked to end (and started again), or stands still for a while."""

    part: str
    kind: str
    seconds: float = 0.0

    def __str__(self) -> str:
        return f"{self.kind} {self.part}" + (f" for {self.seconds:.1f} s" if self.seconds else "")


@dataclass(frozen=True, slots=True)
class _Process:
    pid: int
    restarts: int
    port: int
    layer: int


def random_faults(parts: Sequence[str], *, count: int, seed: int) -> tuple[Fault, ...]:
    """Faults of all parts, half of them kills; the same ones for a seed."""
    chance = Random(f"{seed}/faults")
    return tuple(_random_fault(chance, parts) for _ in range(count))


class Injector:
    """Injects one fault after the other."""

    def __init__(self, mesh: RunningMesh) -> None:
        self._mesh = mesh

    def parts(self) -> list[str]:
        """The names of all parts, services and backends."""
        return sorted(self._processes())

    def backends(self) -> list[str]:
        """The names of the servers that the services stand on."""
        return sorted(name for name, process in self._processes().items() if process.layer == _BACKEND_LAYER)

    def send(self, part: str, number: signal.Signals) -> None:
        """Send a signal to a part, and wait for nothing."""
        os.kill(self._processes()[part].pid, number)

    def inject(self, fault: Fault) -> float:
        """Let it happen and wait until it is over; returns when that was, in monotonic time.

        A death is over when the part listens again, a pause when the process goes on.
        """
        before = self._processes()[fault.part]
        if fault.kind == "pause":
            os.kill(before.pid, signal.SIGSTOP)
            time.sleep(fault.seconds)
            os.kill(before.pid, signal.SIGCONT)
        else:
            os.kill(before.pid, signal.SIGKILL if fault.kind == "kill" else signal.SIGTERM)
            until(lambda: self._is_back(fault.part, before), f"{fault.part} is back", seconds=_BACK_SECONDS)
        return time.monotonic()

    def _is_back(self, part: str, before: _Process) -> bool:
        now = self._processes().get(part)
        return now is not None and now.restarts > before.restarts and _listens(now.port)

    def _processes(self) -> dict[str, _Process]:
        """What runs, by the supervisor's own file."""
        state = json.loads(self._mesh.home.joinpath("run", "state.json").read_text())
        return {
            part["name"]: _Process(part["process"]["pid"], part["restarts"], part["ports"][0], part["layer"])
            for part in state["parts"]
            if part["process"]
        }


def _random_fault(chance: Random, parts: Sequence[str]) -> Fault:
    kind = chance.choice(("kill", "kill", "pause", "restart"))
    return Fault(chance.choice(parts), kind, chance.uniform(1, 8) if kind == "pause" else 0.0)


def _listens(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE_SECONDS):
            return True
    except OSError:
        return False
