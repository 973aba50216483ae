"""What has moved, for people to look at."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum

from services.inventory.application.ports import Feeds, Movements, StockLevels
from services.inventory.application.stocks import unknown_sku
from services.inventory.domain.feed import ShelfStory
from services.inventory.domain.movement import (
    Cause,
    MovementFilter,
    MovementPosition,
    RecordedMovement,
)
from services.kernel.paging import decode_page_token, encode_page_token, foreign_page_token, page_size

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_POSITION_TEXT = re.compile(r"([0-9]{1,17}) ([0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class MovementPage:
    """Some movements, and how to get the ones before them; an empty token: there are none."""

    movements: tuple[RecordedMovement, ...]
    next_page_token: str


class RecordedMovements:
    """Looks at what has moved, and at what it has come to."""

    def __init__(self, *, movements: Movements, levels: StockLevels, feeds: Feeds) -> None:
        self._movements = movements
        self._levels = levels
        self._feeds = feeds

    async def explain(self, sku: str) -> Sequence[tuple[ShelfStory, RecordedMovement | None]]:
        """The shelves of a SKU, each with its last count.

        Raises:
            StockNotFound: The SKU is unknown.
        """
        shelves = await self._feeds.shelves(sku)
        if not shelves and sku not in await self._levels.find([sku]):
            raise unknown_sku(sku)
        return [(each, await self._last_count(sku, each.shelf.warehouse)) for each in shelves]

    async def _last_count(self, sku: str, warehouse: str) -> RecordedMovement | None:
        counts = MovementFilter(sku, warehouse, cause=Cause.COUNT)
        found = await self._movements.find(counts, limit=1, before=None)
        return found[0] if found else None

    async def list(self, wanted: MovementFilter, *, size: int, page_token: str) -> MovementPage:
        """A page of movements, the latest first; `size` 0 asks for the usual one.

        Raises:
            StockNotFound: The SKU is unknown.
            InvalidPageToken: The token is damaged, or belongs to another question.
        """
        most, filters = page_size(size), "\n".join(_texts(wanted))
        found = await self._movements.find(wanted, limit=most + 1, before=_position(page_token, filters))
        if not found and wanted.sku not in await self._levels.find([wanted.sku]):
            raise unknown_sku(wanted.sku)
        page = tuple(found[:most])
        is_last = len(found) <= most
        return MovementPage(page, "" if is_last else _token(page[-1].position, filters))


def _texts(wanted: MovementFilter) -> Iterator[str]:
    """What a page token is bound to."""
    for value in astuple(wanted):
        yield str(value.value if isinstance(value, Enum) else value or "")


def _token(position: MovementPosition, filters: str) -> str:
    microseconds = (position.time - _EPOCH) // _MICROSECOND
    return encode_page_token(f"{microseconds} {position.movement_id}", filters=filters)


def _position(page_token: str, filters: str) -> MovementPosition | None:
    if not page_token:
        return None
    named = _POSITION_TEXT.fullmatch(decode_page_token(page_token, filters=filters))
    if named is None:
        raise foreign_page_token()
    return MovementPosition(_EPOCH + int(named[1]) * _MICROSECOND, int(named[2]))
