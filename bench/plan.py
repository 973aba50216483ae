"""How long a run measures, and where it keeps its files."""

import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from bench.figures import Figure
from bench.processes import Process

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Plan:
    """How the programs measure.

    Attributes:
        folder: For databases, logs, homes; thrown away after the run.
        pairs: How often both sides of a ratio are measured, in turns.
        seconds: How long each time.
        is_quick: Whether sizes are cut down, to see that the programs work.
        chance: Settles when calls are meant to be sent; the same in every run.
    """

    folder: Path
    pairs: int
    seconds: float
    is_quick: bool
    chance: random.Random = field(default_factory=lambda: random.Random(1))

    @classmethod
    def full(cls, folder: Path) -> "Plan":
        """Six pairs: the fewest whose least and greatest enclose the median with more than 95 %."""
        return cls(folder, pairs=6, seconds=2.0, is_quick=False)

    @classmethod
    def quick(cls, folder: Path) -> "Plan":
        return cls(folder, pairs=2, seconds=0.5, is_quick=True)

    def room(self, name: str) -> Path:
        """A folder for one program."""
        room = self.folder / name
        room.mkdir(parents=True, exist_ok=True)
        return room


Program = Callable[[Plan], AsyncIterator[Figure]]
"""Measures one row; its lines appear as they are known."""


async def in_turns(
    plan: Plan, *sides: Callable[[], Awaitable[T]], alone: tuple[Process, ...] = ()
) -> list[tuple[T, ...]]:
    """Measure the sides A B A B …, so that a disturbance that lasts hits all of them.

    Args:
        plan: How often.
        sides: Measure one side each.
        alone: The process of each side; the others are halted meanwhile.
    """
    rounds = []
    for _ in range(plan.pairs):
        measured = []
        for number, side in enumerate(sides):
            with halted([each for place, each in enumerate(alone) if place != number]):
                measured.append(await side())
        rounds.append(tuple(measured))
    return rounds


@contextmanager
def halted(processes: Iterable[Process]) -> Iterator[None]:
    """Keep processes from using their cores for a while."""
    paused = tuple(processes)
    for each in paused:
        each.pause()
    try:
        yield
    finally:
        for each in paused:
            each.resume()


def in_silence(_text: str) -> None:
    """What a server says about its installation is not part of the table."""
