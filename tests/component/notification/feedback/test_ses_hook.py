"""What the hook takes of SNS, and what it refuses."""

import json
from typing import Any

import httpx
import pytest

from services.notification.domain.errors import StoreUnavailable
from services.notification.entrypoints.hooks_http import MAX_BODY_BYTES, SesHook
from tests.component.notification.conftest import Worker, World
from tests.component.notification.feedback.conftest import hooks_app
from tests.component.notification.feedback.reports import Document, mail_to_alice, post
from tests.support.ses_events import bounced
from tests.support.sns import FakeSns, notification, subscription


async def test_forged_messages_are_refused_and_change_nothing(
    world: World, worker: Worker, hook: httpx.AsyncClient, sns: FakeSns
) -> None:
    mail = await mail_to_alice(world, worker)
    signed = sns.signer.sign(notification(bounced(notification_id=mail.notification_id)))
    forged = {**signed, "Message": signed["Message"].replace("alice", "carol")}

    assert (await post(hook, forged)).status_code == 403
    assert await world.count("suppressions") + await world.count("hook_messages") == 0


async def test_a_subscription_is_confirmed(hook: httpx.AsyncClient, sns: FakeSns) -> None:
    assert (await post(hook, sns.signer.sign(subscription()))).status_code == 200
    assert "Action=ConfirmSubscription" in sns.requests[-1]


@pytest.mark.parametrize(
    "message",
    [
        "Successfully validated SNS topic for Amazon SES event publishing.",
        {"eventType": "Open", "mail": {}, "open": {}},
        {"something": "else"},
        [],
    ],
)
async def test_what_concerns_no_mail_is_taken_and_left(
    world: World, hook: httpx.AsyncClient, sns: FakeSns, message: Any
) -> None:
    text = message if isinstance(message, str) else json.dumps(message)
    await post(hook, sns.signer.sign(notification(text)))

    assert await world.count("hook_messages") == 1


@pytest.mark.parametrize(
    "change", [{"mail": None}, {"mail": {}}, {"bounce": None}, {"bounce": {"timestamp": "soon"}}]
)
async def test_an_event_that_is_not_as_ses_says_is_refused(
    world: World, hook: httpx.AsyncClient, sns: FakeSns, change: Document
) -> None:
    response = await post(hook, sns.signer.sign(notification({**bounced(), **change})))

    assert response.status_code == 422
    assert await world.count("hook_messages") == 0


async def test_a_body_that_is_too_long_is_refused(hook: httpx.AsyncClient) -> None:
    assert (await hook.post("/hooks/ses", content=b"x" * (MAX_BODY_BYTES + 1))).status_code == 413


async def test_while_the_database_is_away_sns_is_asked_to_come_again(
    hook: httpx.AsyncClient, sns: FakeSns, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise StoreUnavailable("away")

    monkeypatch.setattr(worker.feedbacks, "_write", away)

    assert (await post(hook, sns.signer.sign(notification(bounced())))).status_code == 503


async def test_without_ses_there_is_no_hook(worker: Worker) -> None:
    transport = httpx.ASGITransport(hooks_app(SesHook(None, worker.feedbacks)))
    async with httpx.AsyncClient(transport=transport, base_url="http://notification") as client:
        assert (await client.post("/hooks/ses", content=b"{}")).status_code == 404
