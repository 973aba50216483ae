"""Faults between a warehouse system and the shop."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from shopmesh.inventory.v1.wms_service_pb2 import StockUpdate

_MOST_OVERTAKING = 4


@dataclass(frozen=True, slots=True)
class FaultProfile:
    """How badly a warehouse system behaves; each is a share of the updates, from 0 to 1.

    Attributes:
        duplicates: Sent twice.
        disorder: Held back until up to four later ones were sent.
        pauses: Sent after a silence of up to two seconds.
        restores: Shares of turns before which a warehouse is restored and restarts its feed.
        jumps: Turns before which an absurd sequence is sent.
        old_epochs: Turns before which an update of an ended epoch is sent again.
    """

    duplicates: float = 0.0
    disorder: float = 0.0
    pauses: float = 0.0
    restores: float = 0.0
    jumps: float = 0.0
    old_epochs: float = 0.0


class FaultInjector:
    """Repeats updates and holds them back, losing none."""

    def __init__(self, faults: FaultProfile, chance: random.Random) -> None:
        self._faults = faults
        self._chance = chance
        self._held: list[tuple[int, StockUpdate]] = []

    def pass_on(self, update: StockUpdate) -> Sequence[StockUpdate]:
        """What is sent now, given a new update."""
        due = self._due()
        if self._chance.random() < self._faults.disorder:
            self._held.append((self._chance.randint(1, _MOST_OVERTAKING), update))
            return due
        copies = 2 if self._chance.random() < self._faults.duplicates else 1
        return [*[update] * copies, *due]

    def rest(self) -> Sequence[StockUpdate]:
        """What is held back still."""
        rest, self._held = [update for _, update in self._held], []
        return rest

    def _due(self) -> list[StockUpdate]:
        waiting = [(left - 1, update) for left, update in self._held]
        self._held = [(left, update) for left, update in waiting if left > 0]
        return [update for left, update in waiting if left <= 0]
