"""What customers see and choose."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.kernel.paging import decode_position, encode_position, page_size
from services.notification.application.ports import MailFilter, UnitOfWork
from services.notification.domain.delivery import Delivery
from services.notification.domain.preferences import Preferences


@dataclass(frozen=True, slots=True)
class Page:
    """A page of notifications; the token is empty on the last."""

    deliveries: tuple[Delivery, ...]
    next_page_token: str


class Notifications:
    """The use cases of customers."""

    def __init__(self, *, read: UnitOfWork, write: UnitOfWork) -> None:
        self._read = read
        self._write = write

    async def page(self, user_id: str, *, requested_size: int, page_token: str) -> Page:
        """What was written to a customer, newest first.

        Raises:
            InvalidPageToken: the token is none of this list's.
        """
        size = page_size(requested_size)
        before = decode_position(page_token, filters=user_id)
        async with self._read() as unit:
            found = await unit.deliveries.page(
                MailFilter(user_id=user_id), before=before or None, limit=size + 1
            )
        return _page(found, size=size, user_id=user_id)

    async def preferences(self, user_id: str) -> Preferences:
        """What a customer wants."""
        async with self._read() as unit:
            return await unit.preferences.get(user_id)

    async def update_preferences(self, user_id: str, wanted: Preferences, mask: Sequence[str]) -> Preferences:
        """Change what the mask names.

        Raises:
            NothingToChange: the mask is empty.
            UnknownPreference: the mask names something else.
        """
        async with self._write() as unit:
            updated = (await unit.preferences.get(user_id)).updated(wanted, mask)
            # Links outlive the account; nothing of it may come back.
            if not await unit.erasures.is_erased(user_id):
                await unit.preferences.put(user_id, updated)
        return updated


def _page(found: Sequence[tuple[int, Delivery]], *, size: int, user_id: str) -> Page:
    shown = tuple(delivery for _, delivery in found[:size])
    last = found[size - 1][0] if len(found) > size else 0
    return Page(deliveries=shown, next_page_token=encode_position(last, filters=user_id))
