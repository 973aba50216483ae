"""Verification of what mail providers report."""

from dataclasses import dataclass
from enum import Enum
from typing import Protocol


class HookRefused(Exception):
    """A message that came to a hook is not believed; repeating it changes nothing."""

    def __init__(self, reason: str, *, remedy: str = "") -> None:
        super().__init__(reason)
        self.remedy = remedy


class HookUnavailable(Exception):
    """A message that came to a hook cannot be verified now."""


class HookMessageKind(Enum):
    """What a message of a hook is."""

    REPORT = "REPORT"
    SUBSCRIPTION = "SUBSCRIPTION"
    UNSUBSCRIPTION = "UNSUBSCRIPTION"


@dataclass(frozen=True, slots=True)
class HookMessage:
    """A message that is believed.

    Attributes:
        kind: What it is.
        message_id: Names it; a repeat has the same.
        topic: Where it was published.
        text: What it says.
        confirm_url: Where a subscription is confirmed; empty for others.
    """

    kind: HookMessageKind
    message_id: str
    topic: str
    text: str
    confirm_url: str


class HookMessages(Protocol):
    """Verifies the messages of one provider."""

    @property
    def provider(self) -> str:
        """Who reports, by its name in the chain."""
        ...

    async def read(self, body: bytes) -> HookMessage:
        """Read a message.

        Raises:
            HookRefused: It is not believed.
            HookUnavailable: It cannot be verified now.
        """
        ...

    async def confirm(self, message: HookMessage) -> None:
        """Confirm a subscription.

        Raises:
            HookRefused: It is not to be confirmed.
            HookUnavailable: It cannot be confirmed now.
        """
        ...
