"""What SES reports by SNS, and where it shows."""

import json
from typing import Any

import httpx

from services.notification.domain.delivery import Delivery
from tests.component.notification.conftest import Worker, World
from tests.component.notification.mailing import confirmed, sent_once
from tests.support.sns import FakeSns, notification

Document = dict[str, Any]


async def post(hook: httpx.AsyncClient, document: Document) -> httpx.Response:
    # SNS declares JSON as text.
    headers = {"content-type": "text/plain; charset=UTF-8"}
    return await hook.post("/hooks/ses", content=json.dumps(document), headers=headers)


async def report(hook: httpx.AsyncClient, sns: FakeSns, event: Document) -> None:
    response = await post(hook, sns.signer.sign(notification(event)))
    assert response.status_code == 200, response.text


async def mail_to_alice(world: World, worker: Worker) -> Delivery:
    await confirmed(world, worker)
    return await sent_once(worker)


async def as_it_is_now(worker: Worker, delivery: Delivery) -> Delivery:
    async with worker.work.read() as unit:
        found = await unit.deliveries.find(delivery.notification_id, "")
    assert found is not None
    return found
