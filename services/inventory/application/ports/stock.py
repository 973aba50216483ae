"""Stock for reading, and who reports its changes."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from services.inventory.domain.movement import MovementFilter, MovementPosition, RecordedMovement
from services.inventory.domain.stock import Stock


class StockLevels(Protocol):
    """How much there is of everything, for reading only."""

    async def find(self, skus: Sequence[str]) -> Mapping[str, Stock]:
        """The stock of the SKUs that exist, in ⌈n/199⌉ statements for n different SKUs."""
        ...


class Movements(Protocol):
    """What has moved, for reading only."""

    async def find(
        self, wanted: MovementFilter, *, limit: int, before: MovementPosition | None
    ) -> Sequence[RecordedMovement]:
        """The latest movements, the latest in front.

        Args:
            wanted: Which.
            limit: The most to find.
            before: Only those behind this position.
        """
        ...


class StockChanges(Protocol):
    """The SKUs whose stock any process has changed."""

    async def position(self) -> int:
        """The place behind the last change."""
        ...

    async def after(self, position: int) -> tuple[int, frozenset[str]]:
        """Wait for changes behind a place.

        Returns:
            The place behind them, and whose stock they changed: at least one SKU.
        """
        ...
