"""How orders came to be what they are: history, time travel, and whether anybody tampered with it."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.kernel.envelope import Envelope
from services.kernel.paging import (
    decode_page_token,
    decode_position,
    encode_page_token,
    encode_position,
    page_size,
)
from services.order.application.commands.changes import not_found
from services.order.application.event_codec import SEALED_ADDRESS
from services.order.application.journal import History, Journal, as_of
from services.order.application.ports import EventStore, HeadLog
from services.order.application.queries.order_views import OrderView, OrderViews
from services.order.application.queries.verification import Verification, check
from services.order.application.sealing import Sealing
from services.order.domain.errors import VersionNotFound
from services.order.domain.lines import ShippingAddress

_MOST_VERIFIED = 1000
"""Orders at once."""
_ALL = "all orders"


@dataclass(frozen=True, slots=True)
class PastEvent:
    """An event for readers: its payload with personal data decrypted where its key exists."""

    envelope: Envelope
    data: Mapping[str, Any]
    hash: str


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """A page of events, oldest first, and where the next one starts; empty on the last."""

    events: tuple[PastEvent, ...]
    next_page_token: str


@dataclass(frozen=True, slots=True)
class VerificationPage:
    """Orders by id, each with what was found, and where the next page starts; empty on the last."""

    checked: tuple[tuple[str, Verification], ...]
    next_page_token: str


class Audit:
    """Reads the events themselves. `customer_id` is whose orders may be read; None: everybody's."""

    def __init__(
        self, *, journal: Journal, store: EventStore, heads: HeadLog, sealing: Sealing, views: OrderViews
    ) -> None:
        self._journal = journal
        self._store = store
        self._heads = heads
        self._sealing = sealing
        self._views = views

    async def history(
        self, order_id: str, *, customer_id: str | None, requested_size: int, page_token: str
    ) -> HistoryPage:
        """A page of an order's events, oldest first.

        Raises:
            OrderNotFound: There is none, or it is somebody else's.
            InvalidPageToken: The token is not of this list.
        """
        history = await self._existing(order_id, customer_id)
        start = decode_position(page_token, filters=order_id)
        end = start + page_size(requested_size)
        address = await self._sealing.address_of(history.order)
        more = end < len(history.envelopes)
        return HistoryPage(
            events=tuple(
                _past(envelope, hash_, address)
                for envelope, hash_ in zip(
                    history.envelopes[start:end], history.hashes[start:end], strict=True
                )
            ),
            next_page_token=encode_position(end if more else 0, filters=order_id),
        )

    async def at_version(self, order_id: str, version: int, *, customer_id: str | None) -> OrderView:
        """The order after its first `version` events.

        Raises:
            OrderNotFound: There is none, or it is somebody else's.
            VersionNotFound: It has fewer events.
        """
        view = await self.optional_at_version(order_id, version, customer_id=customer_id)
        if view is None:
            raise VersionNotFound(f"versions start at 1, not at {version}")
        return view

    async def optional_at_version(
        self, order_id: str, version: int, *, customer_id: str | None
    ) -> OrderView | None:
        """The same; version 0 is None, before the order was placed.

        Raises:
            OrderNotFound: There is none, or it is somebody else's.
            VersionNotFound: It has fewer events.
        """
        history = await self._existing(order_id, customer_id)
        if version > history.order.version:
            raise VersionNotFound(f"order {order_id} has {history.order.version} versions, not {version}")
        order = as_of(history, version)
        return None if order is None else await self._views.view(order)

    async def at_time(self, order_id: str, time: datetime, *, customer_id: str | None) -> OrderView:
        """The order after all events up to a time.

        Raises:
            OrderNotFound: There is none, or it is somebody else's.
            VersionNotFound: It was placed later.
        """
        history = await self._existing(order_id, customer_id)
        order = as_of(history, sum(envelope.occur_time <= time for envelope in history.envelopes))
        if order is None:
            raise VersionNotFound(f"order {order_id} was not placed yet at {time.isoformat()}")
        return await self._views.view(order)

    async def verify(self, order_id: str) -> Verification:
        """Check everything that is stored and signed of an order.

        Raises:
            OrderNotFound: There is none, and none was ever signed.
        """
        heads = await self._heads.of_order(order_id)
        stream = await self._store.read(order_id)
        if stream is None and not heads:
            raise not_found(order_id)
        return check(stream, heads, await self._heads.of_order(order_id))

    async def verify_all(self, *, requested_size: int, page_token: str) -> VerificationPage:
        """Check the next orders by id, of all that are stored or were ever signed.

        Raises:
            InvalidPageToken: The token is not of this list.
        """
        size = page_size(requested_size, most=_MOST_VERIFIED)
        after = decode_page_token(page_token, filters=_ALL) if page_token else None
        signed = await self._heads.orders(after=after, limit=size + 1)
        stored = {each.order_id: each for each in await self._store.streams(after=after, limit=size + 1)}
        order_ids = sorted(stored.keys() | signed.keys())
        checked = []
        for order_id in order_ids[:size]:
            later = await self._heads.of_order(order_id)
            checked.append((order_id, check(stored.get(order_id), signed.get(order_id, ()), later)))
            # Other calls get their turn.
            await asyncio.sleep(0)
        more = len(order_ids) > size
        return VerificationPage(
            tuple(checked), encode_page_token(order_ids[size - 1], filters=_ALL) if more else ""
        )

    async def _existing(self, order_id: str, customer_id: str | None) -> History:
        history = await self._journal.find(order_id)
        if history is None or customer_id not in (None, history.order.customer_id):
            raise not_found(order_id)
        return history


def _past(envelope: Envelope, stored_hash: str, address: ShippingAddress | None) -> PastEvent:
    data = dict(envelope.payload)
    if data.pop(SEALED_ADDRESS, None) is not None:
        data["shippingAddress"] = None if address is None else _address_json(address)
        data["personalDataErased"] = address is None
    return PastEvent(envelope, data, stored_hash)


def _address_json(address: ShippingAddress) -> Mapping[str, str]:
    return {
        "recipient": address.recipient,
        "line1": address.line1,
        "line2": address.line2,
        "city": address.city,
        "region": address.region,
        "postalCode": address.postal_code,
        "countryCode": address.country_code,
    }
