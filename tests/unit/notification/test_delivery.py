"""When a mail is tried again, and when it is given up."""

from datetime import timedelta
from uuid import UUID, uuid5

import pytest

from services.notification.domain.delivery import Delivery, DeliveryState
from services.notification.domain.retries import LONGEST_PAUSE, MAX_AGE, MAX_REFUSALS
from services.notification.domain.template import Purpose, Template, Topic, notification_id
from tests.support.events import MORNING
from tests.support.mail import ALICE, BOB, MUG_ORDER

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def due(template: Template = Template.ORDER_CONFIRMED) -> Delivery:
    return Delivery.due(template, subject_id=MUG_ORDER, user_id=ALICE, trace=TRACE, now=MORNING)


def test_its_id_is_the_same_for_the_same_order_and_text_and_no_other() -> None:
    ids = {notification_id(MUG_ORDER, template) for template in Template}
    assert due().notification_id == str(uuid5(UUID(MUG_ORDER), "order_confirmed"))
    assert len(ids) == len(Template)


def test_only_mails_about_orders_name_an_order() -> None:
    assert due().order_id == MUG_ORDER
    assert due(Template.VERIFY_EMAIL).order_id == ""


@pytest.mark.parametrize(("trace", "trace_id"), [(TRACE, TRACE.split("-")[1]), ("", ""), ("nonsense", "")])
def test_the_trace_id_is_that_of_the_event(trace: str, trace_id: str) -> None:
    delivery = Delivery.due(
        Template.ORDER_SHIPPED, subject_id=MUG_ORDER, user_id=ALICE, trace=trace, now=MORNING
    )
    assert delivery.trace_id == trace_id


def test_while_somebody_is_away_it_is_tried_more_and_more_slowly_but_at_least_twice_a_minute() -> None:
    delivery, pauses = due(), []
    for _ in range(8):
        delivery = delivery.postponed(MORNING)
        pauses.append((delivery.due_time - MORNING).total_seconds())
    longest = [1, 2, 4, 8, 16, 30, 30, 30]
    assert all(most / 2 <= pause <= most for pause, most in zip(pauses, longest, strict=True))
    assert (delivery.state, delivery.attempts) == (DeliveryState.PENDING, 8)


def test_mails_that_failed_together_are_not_tried_together() -> None:
    pauses = {
        Delivery.due(Template.ORDER_SHIPPED, subject_id=order, user_id=ALICE, trace="", now=MORNING)
        .postponed(MORNING)
        .due_time
        for order in (MUG_ORDER, ALICE, BOB)
    }
    assert len(pauses) == 3


def test_it_is_given_up_after_days() -> None:
    almost = due().postponed(MORNING + MAX_AGE - timedelta(seconds=1))
    assert almost.state is DeliveryState.PENDING
    assert almost.postponed(MORNING + MAX_AGE).state is DeliveryState.FAILED


def test_a_refusal_is_tried_a_few_times_far_apart() -> None:
    delivery = due()
    for _ in range(MAX_REFUSALS - 1):
        delivery = delivery.refused(MORNING)
        assert delivery.state is DeliveryState.PENDING
        assert timedelta(minutes=1) <= delivery.due_time - MORNING < LONGEST_PAUSE
    assert delivery.refused(MORNING).state is DeliveryState.FAILED


def test_sent_means_with_its_time_and_attempts() -> None:
    sent = due().postponed(MORNING).sent(MORNING + timedelta(minutes=1))
    assert (sent.state, sent.attempts) == (DeliveryState.SENT, 2)
    assert sent.send_time == MORNING + timedelta(minutes=1)


def test_every_purpose_but_orders_has_its_own_text_that_cannot_be_turned_off() -> None:
    for purpose in set(Purpose) - {Purpose.ORDER}:
        template = Template.for_purpose(purpose)
        assert (template.purpose, template.topic) == (purpose, Topic.ACCOUNT)


def test_templates_are_found_by_their_names() -> None:
    assert [Template.named(str(template)) for template in Template] == list(Template)
