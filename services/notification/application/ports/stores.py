"""What is kept, and the transactions in which it is read and changed."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from services.notification.application.ports.backlog import (
    Claim,
    ClaimLimit,
    Deferred,
    MailFilter,
    NextDue,
    Unsent,
)
from services.notification.domain.budget import SendingBudget
from services.notification.domain.delivery import Delivery
from services.notification.domain.order_summary import OrderSummary
from services.notification.domain.preferences import Preferences
from services.notification.domain.provider import ProviderState
from services.notification.domain.suppression import Suppression


class DeliveryStore(Protocol):
    """Deliveries; unique by their ids."""

    async def add(self, delivery: Delivery) -> None:
        """Add a delivery; one that is there already stays as it is."""
        ...

    async def put_off(self, notification_id: str, due_time: datetime) -> bool:
        """Make a delivery due at another time.

        Returns:
            False where somebody has begun to send it; nothing was stored.
        """
        ...

    async def claim(
        self, holder: str, *, now: datetime, until: datetime, limit: ClaimLimit
    ) -> Sequence[Claim]:
        """Take what is due, mails about accounts first and the oldest of each first.

        They are the holder's, and not due to others, until then.
        """
        ...

    async def hand_to(self, provider: str, delivery: Delivery, holder: str, *, until: datetime) -> bool:
        """Note who may have taken a claimed delivery from now on, and claim it for longer.

        Returns:
            False when it is no longer the holder's; nothing was stored.
        """
        ...

    async def record_outcome(self, delivery: Delivery, holder: str) -> bool:
        """Store what became of a claimed delivery and end the claim; that it was sent also after its end.

        Returns:
            False when it is no longer the holder's; nothing was stored.
        """
        ...

    async def claims(self, holder: str) -> Sequence[Claim]:
        """What a holder has claimed."""
        ...

    async def expired_claims(self, now: datetime) -> Sequence[Claim]:
        """What holders have claimed that have not come back in time."""
        ...

    async def next_due(self) -> NextDue:
        """When the next of each kind are due."""
        ...

    async def release_waiting(self, now: datetime) -> None:
        """Make all waiting deliveries pending and due."""
        ...

    async def release_oldest_waiting(self, now: datetime, *, provider: str) -> bool:
        """Make the oldest waiting delivery that a provider may send pending and due; whether there is one."""
        ...

    async def page(
        self, which: MailFilter, *, before: int | None, limit: int
    ) -> Sequence[tuple[int, Delivery]]:
        """Deliveries, newest first, each with its position.

        Args:
            which: only these.
            before: only those with a lower position.
            limit: the most to return.
        """
        ...

    async def unsent(self) -> Sequence[Unsent]:
        """How many are not sent yet, by state, template and provider."""
        ...

    async def deferred(self, now: datetime) -> Deferred:
        """Pending mails that no worker has, and that are not due yet."""
        ...

    async def undelivered(self, *, since: datetime, folder: str, limit: int) -> Sequence[Delivery]:
        """Those that went only to a folder, or failed for a provider's reasons, oldest first; no copies.

        Args:
            since: only those that became due at or after it.
            folder: the name of the provider that keeps mails in a folder.
            limit: the most to return.
        """
        ...

    async def find(self, notification_id: str, provider_message_id: str) -> Delivery | None:
        """The delivery of either name; an empty name is none."""
        ...

    async def copies(self, original: Delivery) -> Sequence[Delivery]:
        """The copies of a mail, oldest first."""
        ...

    async def replace(self, delivery: Delivery) -> None:
        """Store a delivery also one that a worker has claimed; the claim ends."""
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


class BudgetStore(Protocol):
    """What workers may still send by each provider."""

    async def get(self, provider: str) -> SendingBudget:
        """The budget of a provider; a new one where nothing is known."""
        ...

    async def put(self, budget: SendingBudget) -> None:
        """Add or replace."""
        ...


class SuppressionStore(Protocol):
    """Addresses that get no mails."""

    async def add(self, suppression: Suppression) -> None:
        """Add one; an address that is there already stays as it is."""
        ...

    async def find(self, address_hash: str) -> Suppression | None: ...

    async def page(self, *, before: int | None, limit: int) -> Sequence[tuple[int, Suppression]]:
        """The newest first, each with its position, which is lower than `before`."""
        ...

    async def remove(self, address_hash: str) -> bool:
        """Whether it was there."""
        ...


class HookMessageStore(Protocol):
    """Messages of providers' hooks that were taken in."""

    async def add(self, message_id: str, now: datetime) -> bool:
        """Note a message; whether it is a new one."""
        ...

    async def forget_before(self, time: datetime) -> None:
        """Delete what was received before a time."""
        ...


class OrderSummaryStore(Protocol):
    """What is known of orders."""

    async def get(self, order_id: str) -> OrderSummary | None: ...

    async def put(self, summary: OrderSummary) -> None:
        """Add or replace."""
        ...

    async def replace(self, summary: OrderSummary) -> None:
        """Replace one that is there."""
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
    def budgets(self) -> BudgetStore: ...
    @property
    def orders(self) -> OrderSummaryStore: ...
    @property
    def preferences(self) -> PreferenceStore: ...
    @property
    def erasures(self) -> ErasureStore: ...
    @property
    def suppressions(self) -> SuppressionStore: ...
    @property
    def hook_messages(self) -> HookMessageStore: ...


UnitOfWork = Callable[[], AbstractAsyncContextManager[Unit]]
"""Opens a transaction; committed at the end, rolled back on an error."""
