"""When `mail resume` goes on waiting, and when what is left is not worth it."""

from datetime import UTC, datetime, timedelta

import pytest

from mesh.cli.commands.mail_providers import is_moving
from mesh.messages import timestamp
from shopmesh.notification.v1.mail_service_pb2 import GetMailBacklogResponse, MailProvider, ProviderCondition

READY = ProviderCondition.PROVIDER_CONDITION_READY
NOT_ALLOWED = ProviderCondition.PROVIDER_CONDITION_NOT_ALLOWED
NOW = timedelta()
LATER = timedelta(days=1)


def backlog(
    *,
    pending: int = 0,
    deferred: int = 0,
    waiting: int = 0,
    condition: ProviderCondition.ValueType = READY,
    next_in: timedelta = LATER,
) -> GetMailBacklogResponse:
    time = timestamp(datetime.now(UTC) + next_in)
    return GetMailBacklogResponse(
        pending=pending,
        deferred=deferred,
        waiting=waiting,
        next_attempt_time=time if deferred else None,
        providers=[
            MailProvider(name="smtp", condition=READY),
            MailProvider(name="ses", condition=condition, check_time=time),
        ],
    )


@pytest.mark.parametrize(
    "left",
    [
        backlog(pending=1),
        backlog(pending=2, deferred=1),
        backlog(pending=1, deferred=1, next_in=NOW),
        backlog(waiting=1, condition=NOT_ALLOWED, next_in=NOW),
        backlog(pending=1, waiting=1, condition=NOT_ALLOWED),
    ],
)
def test_it_waits_for_a_mail_that_goes_soon(left: GetMailBacklogResponse) -> None:
    assert is_moving(left)


@pytest.mark.parametrize(
    "left",
    [
        backlog(pending=3, deferred=3),
        backlog(waiting=3, condition=NOT_ALLOWED),
        backlog(pending=1, deferred=1, waiting=1, condition=NOT_ALLOWED),
    ],
)
def test_it_does_not_wait_for_mails_that_are_tried_again_later(left: GetMailBacklogResponse) -> None:
    assert not is_moving(left)
