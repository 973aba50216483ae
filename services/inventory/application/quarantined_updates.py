"""Quarantined updates, for people to look at."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from services.inventory.application.ports import Quarantine
from services.inventory.domain.quarantined_update import QuarantinedUpdate, QuarantinePosition
from services.kernel.paging import decode_page_token, encode_page_token, foreign_page_token, page_size

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_GREATEST_EPOCH, _GREATEST_SEQUENCE = 2**31 - 1, 2**63 - 1
_POSITION_TEXT = re.compile(
    r"([0-9]{1,17}) ([A-Z0-9-]{1,64}) ([a-z0-9-]{1,40}) ([0-9]{1,10}) ([0-9]{1,19}) ([0-9a-f]{64})"
)


@dataclass(frozen=True, slots=True)
class QuarantinePage:
    """Some updates, and how to get the ones before them; an empty token: there are none."""

    updates: tuple[QuarantinedUpdate, ...]
    next_page_token: str


class QuarantinedUpdates:
    """Looks at what was set aside."""

    def __init__(self, *, quarantine: Quarantine) -> None:
        self._quarantine = quarantine

    async def list(self, sku: str, *, size: int, page_token: str) -> QuarantinePage:
        """A page of updates, the latest first; an empty SKU asks for all, `size` 0 for the usual one.

        Raises:
            InvalidPageToken: The token is damaged, or belongs to the list of another SKU.
        """
        most = page_size(size)
        found = await self._quarantine.find(sku, limit=most + 1, before=_position(page_token, sku))
        updates = tuple(found[:most])
        is_last = len(found) <= most
        return QuarantinePage(updates, "" if is_last else _token(updates[-1].position, sku))


def _token(position: QuarantinePosition, sku: str) -> str:
    microseconds = (position.time - _EPOCH) // _MICROSECOND
    return encode_page_token(" ".join(map(str, (microseconds, *position[1:]))), filters=sku)


def _position(page_token: str, sku: str) -> QuarantinePosition | None:
    if not page_token:
        return None
    named = _POSITION_TEXT.fullmatch(decode_page_token(page_token, filters=sku))
    if named is None or int(named[4]) > _GREATEST_EPOCH or int(named[5]) > _GREATEST_SEQUENCE:
        raise foreign_page_token()
    time = _EPOCH + int(named[1]) * _MICROSECOND
    return QuarantinePosition(time, named[2], named[3], int(named[4]), int(named[5]), named[6])
