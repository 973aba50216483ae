"""What the use cases need from outside."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol

from services.notification.domain.answer import Answer
from services.notification.domain.delivery import Delivery
from services.notification.domain.message import Contact, Message, Text
from services.notification.domain.order_summary import OrderSummary
from services.notification.domain.preferences import Preferences
from services.notification.domain.provider import ProviderState


class ContactUnavailable(Exception):
    """Nobody can say now where to write; ask again later."""


class ContactGone(Exception):
    """There is no such account, or no longer."""


class Permission(Enum):
    """Whether a provider lets us send; unknown where it cannot be asked or does not say."""

    GRANTED = "GRANTED"
    DENIED = "DENIED"
    UNKNOWN = "UNKNOWN"


class Contacts(Protocol):
    """Says where to write."""

    async def prepare(self, delivery: Delivery) -> Contact:
        """Ask for a delivery's contact, with a link where its purpose needs one: the same for a repeat.

        Raises:
            ContactUnavailable: no answer.
            ContactGone: no such account.
        """
        ...


class Mailer(Protocol):
    """Hands mails to a provider."""

    @property
    def name(self) -> str:
        """Names the provider in the database and to people, for example `ses:eu-central-1`."""
        ...

    async def send(self, message: Message) -> Answer:
        """Hand a mail over, and return what the provider answered; it raises nothing."""
        ...

    async def permission(self) -> "Permission":
        """Whether the provider lets us send, by its own word; it raises nothing."""
        ...

    async def forget(self, message_id: str) -> None:
        """Delete what this mailer itself keeps of a mail; unknown ones are no error."""
        ...

    async def is_reachable(self) -> bool:
        """Whether mails can be handed over; a health probe that does not raise."""
        ...


class Renderer(Protocol):
    """Writes texts."""

    def render(self, delivery: Delivery, contact: Contact, order: OrderSummary | None) -> Text:
        """Write a delivery's text.

        Args:
            delivery: which template.
            contact: to whom, and the link to show.
            order: what to show of the order; for mails about orders.
        """
        ...


@dataclass(frozen=True, slots=True)
class NextDue:
    """When deliveries are due, in two states; None where there is none.

    Attributes:
        pending: The next attempt.
        waiting: The next deadline of one that waits for a provider.
    """

    pending: datetime | None = None
    waiting: datetime | None = None


class DeliveryStore(Protocol):
    """Deliveries; unique by their ids."""

    async def add(self, delivery: Delivery) -> None:
        """Add a delivery; one that is there already stays as it is."""
        ...

    async def claim(self, holder: str, *, now: datetime, until: datetime, limit: int) -> Sequence[Delivery]:
        """Take what is due, oldest first; it is the holder's, and not due to others, until then."""
        ...

    async def record_outcome(self, delivery: Delivery, holder: str) -> bool:
        """Store what became of a claimed delivery and end the claim.

        Returns:
            False when it is no longer the holder's; nothing was stored.
        """
        ...

    async def release(self, holder: str) -> None:
        """End all claims of a holder that has died."""
        ...

    async def next_due(self) -> NextDue:
        """When the next pending and the next waiting delivery are due."""
        ...

    async def release_waiting(self, now: datetime) -> None:
        """Make all waiting deliveries pending and due."""
        ...

    async def release_oldest_waiting(self, now: datetime, *, provider: str) -> None:
        """Make the oldest waiting delivery that this provider may send pending and due."""
        ...

    async def page(self, user_id: str, *, before: int | None, limit: int) -> Sequence[tuple[int, Delivery]]:
        """A customer's deliveries, newest first, each with its position.

        Args:
            user_id: whose.
            before: only those with a lower position.
            limit: the most to return.
        """
        ...

    async def forget(self, user_id: str) -> Sequence[str]:
        """Delete a customer's deliveries.

        Returns:
            Their ids.
        """
        ...


class ProviderStore(Protocol):
    """The states of mail providers; one that nobody has stored is ready."""

    async def all(self) -> Sequence[ProviderState]: ...

    async def put(self, state: ProviderState) -> None:
        """Add or replace."""
        ...

    async def replace(self, old: ProviderState, new: ProviderState) -> bool:
        """Replace a state, unless another worker has changed when it is to be checked; whether it was."""
        ...


class OrderSummaryStore(Protocol):
    """What is known of orders."""

    async def get(self, order_id: str) -> OrderSummary | None: ...

    async def put(self, summary: OrderSummary) -> None:
        """Add or replace."""
        ...

    async def forget(self, customer_id: str) -> None:
        """Leave nothing of a customer's orders but their ids."""
        ...


class PreferenceStore(Protocol):
    """Who wants what."""

    async def get(self, user_id: str) -> Preferences:
        """A customer's choice; the default of those who made none."""
        ...

    async def put(self, user_id: str, preferences: Preferences) -> None:
        """Add or replace."""
        ...

    async def forget(self, user_id: str) -> None:
        """Delete a customer's choice."""
        ...


class ErasureStore(Protocol):
    """Who was erased, and which mails are to be forgotten."""

    async def add(self, user_id: str, message_ids: Sequence[str]) -> None:
        """Note an erased account and its mails; again changes nothing."""
        ...

    async def is_erased(self, user_id: str) -> bool: ...

    async def pending(self, limit: int) -> Sequence[str]:
        """Ids of mails that the mailer has to forget."""
        ...

    async def done(self, message_ids: Sequence[str]) -> None:
        """They are forgotten."""
        ...


class Unit(Protocol):
    """The stores of one transaction."""

    @property
    def deliveries(self) -> DeliveryStore: ...
    @property
    def providers(self) -> ProviderStore: ...
    @property
    def orders(self) -> OrderSummaryStore: ...
    @property
    def preferences(self) -> PreferenceStore: ...
    @property
    def erasures(self) -> ErasureStore: ...


UnitOfWork = Callable[[], AbstractAsyncContextManager[Unit]]
"""Opens a transaction; committed at the end, rolled back on an error."""
