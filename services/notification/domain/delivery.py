"""A mail that is due, from the event that asked for it to its end."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Self

from services.notification.domain.template import Template, notification_id

FIRST_RETRY_SECONDS = 1.0
LAST_RETRY_SECONDS = 30.0
REFUSED_RETRY_SECONDS = 60.0
MAX_REFUSALS = 5
LONGEST_PAUSE = timedelta(seconds=REFUSED_RETRY_SECONDS * 2.0**MAX_REFUSALS)
"""Longer than any pause between two attempts."""
# RFC 5321 §4.5.4.1: give up after at least four to five days.
MAX_AGE = timedelta(days=5)


class DeliveryState(Enum):
    """Where a delivery stands; the values are the short names of the contract."""

    PENDING = "PENDING"
    SENT = "SENT"
    SUPPRESSED = "SUPPRESSED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One mail to one customer; it holds ids only, no address and no text.

    Attributes:
        notification_id: names it for ever; the Message-ID of the mail.
        template: which text.
        user_id: to whom.
        order_id: the order that it is about; empty for others.
        trace: W3C `traceparent` of the call that caused it.
        state: where it stands.
        create_time: when it became due.
        due_time: when to try next, while it is pending.
        send_time: when it was handed over.
        attempts: how often that was tried.
        refusals: how often the provider refused it for good.
    """

    notification_id: str
    template: Template
    user_id: str
    order_id: str
    trace: str
    state: DeliveryState
    create_time: datetime
    due_time: datetime
    send_time: datetime | None = None
    attempts: int = 0
    refusals: int = 0

    @classmethod
    def due(cls, template: Template, *, subject_id: str, user_id: str, trace: str, now: datetime) -> Self:
        """A new delivery about an order or a request."""
        return cls(
            notification_id=notification_id(subject_id, template),
            template=template,
            user_id=user_id,
            order_id=subject_id if template.is_about_an_order else "",
            trace=trace,
            state=DeliveryState.PENDING,
            create_time=now,
            due_time=now,
        )

    @property
    def trace_id(self) -> str:
        """The trace's id; empty when nothing is known of it."""
        parts = self.trace.split("-")
        return parts[1] if len(parts) == 4 else ""

    def sent(self, now: datetime) -> "Delivery":
        """It was handed over."""
        return replace(self, state=DeliveryState.SENT, send_time=now, attempts=self.attempts + 1)

    def suppressed(self) -> "Delivery":
        """Nobody wants it."""
        return replace(self, state=DeliveryState.SUPPRESSED)

    def postponed(self, now: datetime) -> "Delivery":
        """Somebody it needs was away: try again soon, for as long as mail is worth trying."""
        pause = min(FIRST_RETRY_SECONDS * 2.0 ** min(self.attempts, 10), LAST_RETRY_SECONDS)
        return self._tried(now, pause, is_over=now - self.create_time >= MAX_AGE)

    def refused(self, now: datetime) -> "Delivery":
        """The provider will not take it: try a few times more, far apart."""
        once_more = replace(self, refusals=self.refusals + 1)
        pause = REFUSED_RETRY_SECONDS * 2.0**self.refusals
        return once_more._tried(now, pause, is_over=once_more.refusals >= MAX_REFUSALS)

    def _tried(self, now: datetime, pause_seconds: float, *, is_over: bool) -> "Delivery":
        return replace(
            self,
            state=DeliveryState.FAILED if is_over else DeliveryState.PENDING,
            attempts=self.attempts + 1,
            due_time=now + timedelta(seconds=pause_seconds),
        )
