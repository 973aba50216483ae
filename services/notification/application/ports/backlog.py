"""Deliveries as a worker asks for them: when they are due, who takes them, what is left."""

from dataclasses import dataclass
from datetime import datetime

from services.notification.domain.delivery import Delivery, DeliveryState


@dataclass(frozen=True, slots=True)
class NextDue:
    """When deliveries are due; None where there is none.

    Attributes:
        account: The next attempt of a mail about an account.
        order: The next attempt of a mail about an order.
        waiting: The next deadline of one that waits for a provider.
    """

    account: datetime | None = None
    order: datetime | None = None
    waiting: datetime | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """Where mails of one kind go now.

    Attributes:
        provider: Who takes them, where handing them over again would be another mail; otherwise empty.
        mails: How many it takes now.
    """

    provider: str
    mails: int


@dataclass(frozen=True, slots=True)
class ClaimLimit:
    """How many deliveries to claim at most.

    Attributes:
        mails: In all.
        accounts: Those about accounts.
        orders: Those about orders.
    """

    mails: int
    accounts: Route
    orders: Route


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that a worker has claimed.

    Attributes:
        delivery: As it was before.
        handed_to: Who may have taken it since; empty: nobody.
        end_time: After it others may claim it.
    """

    delivery: Delivery
    handed_to: str
    end_time: datetime


@dataclass(frozen=True, slots=True)
class Unsent:
    """Mails of one kind that are not sent yet.

    Attributes:
        state: Pending or waiting.
        template: Which text.
        provider: Who may have taken them; empty before.
        count: How many.
        oldest: Since when the oldest of them waits, or was due.
    """

    state: DeliveryState
    template: str
    provider: str
    count: int
    oldest: datetime


@dataclass(frozen=True, slots=True)
class Deferred:
    """Pending mails whose next attempt is later: how many, and when the first of them is."""

    mails: int
    next_time: datetime | None


@dataclass(frozen=True, slots=True)
class MailFilter:
    """Which mails to list; what is empty or None is any."""

    order_id: str = ""
    user_id: str = ""
    state: DeliveryState | None = None
