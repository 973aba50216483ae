"""A mail that is due, from the event that asked for it to its end."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Self
from uuid import UUID, uuid5

from services.kernel.trace import trace_id_of
from services.notification.domain.answer import KINDS, Accepted, Answer, AnswerKind
from services.notification.domain.feedback import Feedback, FeedbackKind
from services.notification.domain.order_summary import OrderSummary
from services.notification.domain.retries import (
    FIRST_REPEAT_SECONDS,
    FIRST_RETRY_SECONDS,
    LAST_REPEAT_SECONDS,
    LONGEST_WAIT,
    MAX_AGE,
    MAX_REFUSALS,
    REFUSED_RETRY_SECONDS,
    retry_pause,
)
from services.notification.domain.template import Template, notification_id


class DeliveryState(Enum):
    """Where a delivery stands; the values are the short names of the contract."""

    PENDING = "PENDING"
    WAITING = "WAITING"
    SENT = "SENT"
    SUPPRESSED = "SUPPRESSED"
    SKIPPED = "SKIPPED"
    FAILED = "FAILED"
    AMBIGUOUS = "AMBIGUOUS"


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
        refusals: how often the provider refused it for now.
        provider: who took it, or may have taken it; empty before.
        provider_message_id: how the provider names it; empty where it does not.
        reason: why it is not sent; empty while nothing is in the way.
        wait_time: since when no provider may send it.
        retry_time: when its present row of attempts began; time spent waiting is none of it.
        lost_answers: how often it was handed over without an answer.
        answer: what a provider answered last.
        answer_code: the code of that answer; empty without one.
        feedback: what the provider reported of it since it took it.
        feedback_detail: the kind of a bounce or complaint.
        feedback_time: when that happened.
        copy_of: the mail that it repeats, for somebody who asked for it; empty for others.
        requested_by: who of the staff asked for the copy.
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
    provider: str = ""
    provider_message_id: str = ""
    reason: str = ""
    wait_time: datetime | None = None
    retry_time: datetime | None = None
    lost_answers: int = 0
    answer: AnswerKind = AnswerKind.UNSPECIFIED
    answer_code: str = ""
    feedback: FeedbackKind = FeedbackKind.UNSPECIFIED
    feedback_detail: str = ""
    feedback_time: datetime | None = None
    copy_of: str = ""
    requested_by: str = ""

    @classmethod
    def due(cls, template: Template, *, subject_id: str, user_id: str, trace: str, now: datetime) -> Self:
        """A new delivery about an order or a request, at once."""
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

    def copy(self, number: int, *, by: str, trace: str, now: datetime) -> "Delivery":
        """Another mail about the same: mail programs show one of the same id only once.

        Args:
            number: how many copies there are then.
            by: who asks for it.
            trace: W3C `traceparent` of the call.
            now: when.
        """
        return Delivery(
            notification_id=str(uuid5(UUID(self.original_id), f"copy:{number}")),
            template=self.template,
            user_id=self.user_id,
            order_id=self.order_id,
            trace=trace,
            state=DeliveryState.PENDING,
            create_time=now,
            due_time=now,
            copy_of=self.original_id,
            requested_by=by,
        )

    @property
    def original_id(self) -> str:
        """The mail that was sent for the event itself."""
        return self.copy_of or self.notification_id

    @property
    def is_unsent(self) -> bool:
        """Whether it is still to be sent."""
        return self.state in (DeliveryState.PENDING, DeliveryState.WAITING)

    @property
    def may_have_arrived(self) -> bool:
        """Whether a provider has taken it, or may have."""
        return self.state in (DeliveryState.SENT, DeliveryState.AMBIGUOUS)

    @property
    def trace_id(self) -> str:
        """The trace's id; empty when nothing is known of it."""
        return trace_id_of(self.trace)

    @property
    def is_about_an_account(self) -> bool:
        return not self.template.is_about_an_order

    @property
    def deadline(self) -> datetime | None:
        """After it the mail helps nobody; None where it always does."""
        life = self.template.life
        return None if life is None else self.create_time + life

    def is_over(self, now: datetime) -> bool:
        """Whether its deadline has passed."""
        return self.deadline is not None and now >= self.deadline

    def sent(self, now: datetime, provider: str = "", message_id: str = "") -> "Delivery":
        """A provider took it."""
        return replace(
            self,
            state=DeliveryState.SENT,
            send_time=now,
            attempts=self.attempts + 1,
            provider=provider,
            provider_message_id=message_id,
            reason="",
            wait_time=None,
        )

    def answered(self, answer: Answer) -> "Delivery":
        """With what a provider answered last."""
        code = "" if isinstance(answer, Accepted) else answer.code
        return replace(self, answer=KINDS[type(answer)], answer_code=code)

    def reported(self, feedback: Feedback) -> "Delivery":
        """With what its provider reports: it was taken, also where the answer was lost."""
        known = self
        if self.state is not DeliveryState.SENT:
            known = self.sent(feedback.time, feedback.provider, feedback.provider_message_id)
        if not feedback.kind.follows(self.feedback):
            return known
        return replace(
            known,
            feedback=feedback.kind,
            feedback_detail=feedback.detail,
            feedback_time=feedback.time,
        )

    def due_at_once(self) -> "Delivery":
        """Before all that became due later."""
        return replace(self, due_time=self.create_time)

    def due_again(self, now: datetime) -> "Delivery":
        """To be sent after all, under its old id, as if it had become due for the first time."""
        return replace(
            self,
            state=DeliveryState.PENDING,
            due_time=now,
            send_time=None,
            refusals=0,
            provider="",
            reason="",
            wait_time=None,
            retry_time=now,
        )

    def suppressed(self, reason: str = "") -> "Delivery":
        """Nobody wants it."""
        return replace(self, state=DeliveryState.SUPPRESSED, reason=reason, wait_time=None)

    def expired(self) -> "Delivery":
        """Its deadline has passed before it was sent, or before it was known whether it was."""
        if self.lost_answers:
            return replace(self, state=DeliveryState.AMBIGUOUS, wait_time=None)
        return self.skipped("its time is over")

    def outdated(self, order: OrderSummary | None) -> str:
        """Why a mail that is late says what is no longer so; empty while it does not, and for copies."""
        is_late = not self.copy_of and (
            self.wait_time is not None or self.retry_time is not None or self.attempts > 0
        )
        is_delivered = order is not None and order.is_delivered
        return (
            "the order is delivered" if is_late and is_delivered and self.template.ends_with_delivery else ""
        )

    def released(self, now: datetime) -> "Delivery":
        """Waiting no more: a provider takes mails."""
        return replace(self, state=DeliveryState.PENDING, due_time=now)

    def skipped(self, reason: str) -> "Delivery":
        """A later event made it useless."""
        return replace(self, state=DeliveryState.SKIPPED, reason=reason, wait_time=None)

    def failed(self, reason: str) -> "Delivery":
        """The provider refuses it for good."""
        return replace(self, state=DeliveryState.FAILED, attempts=self.attempts + 1, reason=reason)

    def waiting(self, now: datetime, reason: str) -> "Delivery":
        """No provider may send now: it does not age until one may."""
        return replace(
            self,
            state=DeliveryState.WAITING,
            reason=reason,
            wait_time=self.wait_time or now,
            due_time=self.deadline or now + LONGEST_WAIT,
            retry_time=None,
        )

    def postponed(self, now: datetime, reason: str = "") -> "Delivery":
        """Somebody it needs was away: try again soon, for as long as mail is worth trying."""
        pause = retry_pause(str(self.notification_id), self.attempts)
        # A mail that waited for a provider was not tried in that time.
        began = self.retry_time or (self.create_time if self.wait_time is None else now)
        return replace(self, retry_time=began)._tried(now, pause, reason, is_over=now - began >= MAX_AGE)

    def slowed(self, now: datetime) -> "Delivery":
        """The provider takes mails more slowly: again when its budget allows, which counts as no attempt."""
        return replace(self, due_time=now + timedelta(seconds=FIRST_RETRY_SECONDS))

    def refused(self, now: datetime, reason: str = "") -> "Delivery":
        """The provider will not take it now: try a few times more, far apart."""
        once_more = replace(self, refusals=self.refusals + 1)
        pause = REFUSED_RETRY_SECONDS * 2.0**self.refusals
        return once_more._tried(now, pause, reason, is_over=once_more.refusals >= MAX_REFUSALS)

    def answer_lost(self, now: datetime, provider: str, reason: str) -> "Delivery":
        """The provider may have taken it: only the same one is asked again, ever more slowly."""
        pause = min(FIRST_REPEAT_SECONDS * 2.0 ** min(self.lost_answers, 10), LAST_REPEAT_SECONDS)
        lost = replace(
            self,
            provider=provider,
            lost_answers=self.lost_answers + 1,
            retry_time=self.retry_time or now,
            attempts=self.attempts + 1,
            reason=reason,
            due_time=now + timedelta(seconds=pause),
        )
        is_over = lost.retry_time is not None and now - lost.retry_time >= MAX_AGE
        return replace(lost, state=DeliveryState.AMBIGUOUS) if is_over else lost

    def _tried(self, now: datetime, pause_seconds: float, reason: str, *, is_over: bool) -> "Delivery":
        given_up = DeliveryState.AMBIGUOUS if self.lost_answers else DeliveryState.FAILED
        return replace(
            self,
            state=given_up if is_over else DeliveryState.PENDING,
            attempts=self.attempts + 1,
            due_time=now + timedelta(seconds=pause_seconds),
            reason=reason,
            wait_time=None,
        )
