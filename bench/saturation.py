"""What a process does at saturation: calls per second, and what each costs its processor."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bench.h2load import Load, Target, drive
from bench.processes import Process

_WARM_UP_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Saturation:
    """One measurement of one process.

    Attributes:
        load: What the driver saw.
        cpu_us: Microseconds of processor time per call; hardly disturbed by other processes.
    """

    load: Load
    cpu_us: float

    @property
    def calls_per_second(self) -> float:
        return self.load.calls_per_second


def saturate(target: Target, process: Process, seconds: float) -> Callable[[], Awaitable[Saturation]]:
    """One side of a comparison: drive as fast as it goes, watching the process."""

    async def side() -> Saturation:
        await drive(target, seconds=_WARM_UP_SECONDS)
        before = process.cpu_seconds()
        load = await drive(target, seconds=seconds)
        return Saturation(load, 1e6 * (process.cpu_seconds() - before) / max(1, load.calls + load.errors))

    return side
