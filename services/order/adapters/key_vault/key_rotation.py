"""Rotation of the key-encryption key: every data key is wrapped anew, then the old one is dropped.

Killed at any time it leaves every data key readable, and the next rotation goes on.
"""

from services.order.adapters.key_vault.key_records import KeyRecords
from services.order.adapters.key_vault.key_ring import KeyRing
from services.order.adapters.key_vault.key_ring_file import FileKeyRing

_PAGE = 500


async def rotate(file: FileKeyRing, records: KeyRecords) -> int:
    """Put a new key-encryption key in place of the current one, under the eyes of running workers.

    Returns:
        How many data keys were wrapped anew.

    Raises:
        RotationUnderWay: There can be only one.
        KeyIsGone: A data key cannot be read any more; nothing was dropped.
        StoreUnavailable: The data keys cannot be reached; nothing was dropped.
    """
    count = 0
    async with file.rotating() as ring:
        # Once more after the last change: a write whose answer was lost may have come late.
        while rewrapped := await _rewrap_all(ring, records):
            count += rewrapped
    return count


async def _rewrap_all(ring: KeyRing, records: KeyRecords) -> int:
    count, after = 0, ""
    while page := await records.wrapped_keys(after=after, limit=_PAGE):
        after = page[-1][0]
        for customer_id, wrapped in page:
            if not ring.is_current(wrapped):
                anew = ring.wrap(customer_id, ring.unwrap(customer_id, wrapped))
                await records.rewrap(customer_id, wrapped, anew)
                count += 1
    return count
