"""What sends mails, and what it needs of the user service."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from services.notification.domain.answer import Answer
from services.notification.domain.budget import Allowance
from services.notification.domain.delivery import Delivery
from services.notification.domain.finding import Finding
from services.notification.domain.message import Contact, Message, Text
from services.notification.domain.order_summary import OrderSummary


class ContactUnavailable(Exception):
    """Nobody can say now where to write; ask again later."""


class ContactGone(Exception):
    """There is no such account, or no longer."""


class ProviderUnavailable(Exception):
    """A provider does not answer, or refuses what it was asked; carries its name."""


class Permission(Enum):
    """Whether a provider lets us send; unknown where it does not say."""

    GRANTED = "GRANTED"
    DENIED = "DENIED"
    UNKNOWN = "UNKNOWN"
    NO_ANSWER = "NO_ANSWER"


@dataclass(frozen=True, slots=True)
class Standing:
    """What a provider says of us.

    Attributes:
        permission: Whether it lets us send.
        reason: Why not; empty where it does, or does not say.
        allowance: How much it takes; None where it does not say.
    """

    permission: Permission
    reason: str = ""
    allowance: Allowance | None = None


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

    @property
    def is_metered(self) -> bool:
        """Whether the provider takes so many mails only, and says how many."""
        ...

    @property
    def is_repeatable(self) -> bool:
        """Whether handing a mail over once more leaves one mail."""
        ...

    async def standing(self) -> Standing:
        """Whether the provider lets us send, and how much, by its own word; it raises nothing."""
        ...

    async def check(self) -> Sequence[Finding]:
        """Look at everything that the provider needs before mails reach customers; it raises nothing."""
        ...

    async def lift(self, address: str) -> bool:
        """Take an address off the provider's own list of those that get no mails; whether it was on it.

        Raises:
            ProviderUnavailable: The provider does not answer, or refuses it.
        """
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
