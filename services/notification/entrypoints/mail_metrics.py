"""What the metrics say of mails."""

from collections.abc import Collection, Iterable
from itertools import product

from prometheus_client import Counter, Gauge

from services.notification.application.ports import Unsent
from services.notification.domain.delivery import Delivery, DeliveryState
from services.notification.domain.feedback import Feedback, FeedbackKind
from services.notification.domain.template import Template

MAILS = Counter(
    "shopmesh_mails_total",
    "Mails by template, provider and the state that they came to; WAITING ones come to another later.",
    ("template", "provider", "state"),
)
LOST_ANSWERS = Counter(
    "shopmesh_mail_answers_lost_total",
    "Times a mail was handed over without an answer; each may be a mail too many.",
    ("provider",),
)
FEEDBACK = Counter(
    "shopmesh_mail_feedback_total",
    "Reports on mails that a provider took, by what happened and whether the address gets no more mails.",
    ("provider", "kind", "suppressed"),
)
UNSENT = Gauge(
    "shopmesh_mails_unsent",
    "Mails that are not sent yet, by what they wait for. Every worker shows those of all.",
    ("state", "template", "provider"),
)
OLDEST_UNSENT = Gauge(
    "shopmesh_mails_oldest_unsent_timestamp_seconds",
    "Since when the oldest of them is due, or waits for a provider; Unix time.",
    ("state", "template", "provider"),
)

_YES_NO = {True: "yes", False: "no"}


def count_from_zero(providers: Collection[str]) -> None:
    """Show the counters before the first mail: without a zero before it, nobody sees a first increase."""
    for provider in map(_named, providers):
        LOST_ANSWERS.labels(provider)
        for kind, suppressed in product(FeedbackKind, _YES_NO.values()):
            FEEDBACK.labels(provider, kind.value, suppressed)
    ended = (DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.AMBIGUOUS)
    for template, provider, state in product(Template, (*providers, ""), ended):
        MAILS.labels(str(template), _named(provider), state.value)


def count_lost(delivery: Delivery) -> None:
    """Count a mail that was handed over without an answer."""
    LOST_ANSWERS.labels(delivery.provider).inc()


def count_taken_up(delivery: Delivery) -> None:
    """Count a mail that a worker which died may have handed over."""
    count_lost(delivery)
    if delivery.state is not DeliveryState.PENDING:
        _count_end(delivery)


def count_outcome(before: Delivery, outcome: Delivery) -> None:
    """Count what became of a mail."""
    if outcome.lost_answers > before.lost_answers:
        count_lost(outcome)
    if outcome.state is not DeliveryState.PENDING:
        _count_end(outcome)


def count_feedback(feedback: Feedback) -> None:
    """Count a report."""
    suppressed = _YES_NO[feedback.suppression is not None]
    FEEDBACK.labels(feedback.provider, feedback.kind.value, suppressed).inc()


def show_unsent(unsent: Iterable[Unsent]) -> None:
    """Show what is not sent now; what was shown before and is sent since disappears."""
    UNSENT.clear()
    OLDEST_UNSENT.clear()
    for each in unsent:
        labels = (each.state.value, each.template, _named(each.provider))
        UNSENT.labels(*labels).set(each.count)
        OLDEST_UNSENT.labels(*labels).set(each.oldest.timestamp())


def _count_end(delivery: Delivery) -> None:
    MAILS.labels(str(delivery.template), _named(delivery.provider), delivery.state.value).inc()


def _named(provider: str) -> str:
    return provider or "none"
