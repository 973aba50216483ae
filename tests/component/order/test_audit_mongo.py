"""Every way of tampering with the commits in MongoDB is found, with the version that is concerned."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mesh.mongodb.client import Collection, database_of, open_client
from services.kernel.envelope import Envelope, hash_of
from services.order.adapters.event_store.commits_mongo import COLLECTION
from services.order.application.ports import Head
from services.order.domain.order import order_id_of
from tests.support.order_world import ALICE, OrderWorld, cause, in_time, mugs, open_world

BREAKFAST = order_id_of(ALICE, "breakfast")
Tampering = Callable[[Collection], Awaitable[None]]


@pytest.fixture
async def world(mongodb_url: str, tmp_path: Path) -> AsyncIterator[OrderWorld]:
    """A world with a signed order that was placed, confirmed and cancelled."""
    async with open_world(tmp_path, mongodb_url=mongodb_url) as opened:
        await opened.place(mugs(2))
        await opened.orders.cancel(BREAKFAST, ALICE, cause(), deadline=in_time())
        stream = await opened.adapters.store.read(BREAKFAST)
        assert stream is not None
        for event in stream.events:
            await opened.adapters.heads.append([Head(BREAKFAST, event.version, event.hash)])
        yield opened


async def edit(commits: Collection) -> None:
    stored = await commits.find_one({"version": 2})
    assert stored is not None
    body = stored["events"][0]["body"].replace(b"25", b"20")
    await commits.update_one({"version": 2}, {"$set": {"events.0.body": body}})


async def edit_and_recompute_the_chain(commits: Collection) -> None:
    prev_hash = ""
    for stored in await commits.find().sort("version").to_list():
        event = Envelope.from_body(stored["events"][0]["body"].replace(b'"quantity":2', b'"quantity":1'))
        body = replace(event, prev_hash=prev_hash).body()
        prev_hash = hash_of(body)
        forged = {"events.0.body": body, "events.0.hash": prev_hash}
        await commits.update_one({"_id": stored["_id"]}, {"$set": forged})


async def delete_in_the_middle(commits: Collection) -> None:
    await commits.delete_one({"version": 2})


async def cut_the_tail(commits: Collection) -> None:
    await commits.delete_one({"version": 3})


async def delete_everything(commits: Collection) -> None:
    await commits.delete_many({})


async def insert(commits: Collection) -> None:
    stored = await commits.find_one({"version": 3})
    assert stored is not None
    event = {**stored["events"][0], "version": 4}
    await commits.insert_one({**stored, "_id": "forged", "version": 4, "events": [event]})


async def reorder(commits: Collection) -> None:
    for old, new in ((2, 9), (3, 2), (9, 3)):
        await commits.update_one({"version": old}, {"$set": {"version": new, "events.0.version": new}})


async def change_the_indexed_customer(commits: Collection) -> None:
    await commits.update_one({"version": 1}, {"$set": {"customer_id": "somebody-else"}})


@pytest.mark.parametrize(
    ("tampering", "version"),
    [
        (edit, 2),
        (edit_and_recompute_the_chain, 1),
        (delete_in_the_middle, 2),
        (cut_the_tail, 3),
        (delete_everything, 1),
        (insert, 4),
        (reorder, 2),
        (change_the_indexed_customer, 1),
    ],
)
async def test_tampering_is_found_with_its_version(
    world: OrderWorld, mongodb_url: str, tampering: Tampering, version: int
) -> None:
    assert (await world.audit.verify(BREAKFAST)).valid

    async with open_client(mongodb_url) as client:
        await tampering(database_of(client, mongodb_url, "order")[COLLECTION])

    verification = await world.audit.verify(BREAKFAST)
    page = await world.audit.verify_all(requested_size=0, page_token="")
    assert verification.findings[0].version == version
    assert dict(page.checked)[BREAKFAST] == verification
