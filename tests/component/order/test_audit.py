"""History, time travel, and every way of tampering that verify has to find."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from services.kernel.envelope import Envelope, hash_of
from services.kernel.paging import InvalidPageToken
from services.order.application.ports import Head
from services.order.application.queries.audit import VerificationPage
from services.order.domain.errors import OrderNotFound, VersionNotFound
from services.order.domain.order import OrderState, order_id_of
from tests.support.order_world import ALICE, BOB, MORNING, TRACE, OrderWorld, cause, in_time, mugs, open_world

BREAKFAST = order_id_of(ALICE, "breakfast")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[OrderWorld]:
    """A world with an order that was placed, confirmed an hour later (by the clock), and cancelled."""
    async with open_world(tmp_path) as opened:
        opened.steps.once["stock_reserved"] = lambda: opened.clock.advance(hours=1)
        await opened.place(mugs(2))
        opened.clock.advance(hours=1)
        await opened.orders.cancel(BREAKFAST, ALICE, cause(), deadline=in_time())
        yield opened


async def test_the_history_tells_who_did_what_and_why(world: OrderWorld) -> None:
    page = await world.audit.history(BREAKFAST, customer_id=ALICE, requested_size=0, page_token="")

    placed, confirmed, cancelled = page.events
    assert [event.envelope.type for event in page.events] == [
        "OrderPlaced",
        "OrderConfirmed",
        "OrderCancelled",
    ]
    assert placed.data["shippingAddress"]["city"] == "Augsburg"
    assert placed.data["lines"] == [{"sku": "MUG-RED", "name": "Red mug", "quantity": 2}]
    assert confirmed.data["total"] == {"currencyCode": "EUR", "units": "25", "nanos": 0}
    assert cancelled.data == {"reason": "CUSTOMER"}
    assert confirmed.envelope.prev_hash == placed.hash
    assert {event.envelope.trace for event in page.events} == {TRACE}
    assert {event.envelope.actor for event in page.events} == {f"customer:{ALICE}"}


async def test_a_history_is_read_page_by_page(world: OrderWorld) -> None:
    first = await world.audit.history(BREAKFAST, customer_id=None, requested_size=2, page_token="")
    second = await world.audit.history(
        BREAKFAST, customer_id=None, requested_size=2, page_token=first.next_page_token
    )

    assert [event.envelope.version for event in (*first.events, *second.events)] == [1, 2, 3]
    assert second.next_page_token == ""


async def test_a_strangers_history_is_not_found(world: OrderWorld) -> None:
    with pytest.raises(OrderNotFound):
        await world.audit.history(BREAKFAST, customer_id=BOB, requested_size=0, page_token="")


async def test_an_order_is_shown_as_it_was_at_a_version_or_a_time(world: OrderWorld) -> None:
    at_1 = await world.audit.at_version(BREAKFAST, 1, customer_id=ALICE)
    at_2 = await world.audit.at_version(BREAKFAST, 2, customer_id=ALICE)
    meanwhile = await world.audit.at_time(BREAKFAST, MORNING + timedelta(minutes=90), customer_id=ALICE)

    assert (at_1.order.state, at_1.order.total) == (OrderState.PENDING, None)
    assert at_2.order.state is OrderState.CONFIRMED
    assert meanwhile == at_2


async def test_a_version_or_time_without_the_order_is_not_found(world: OrderWorld) -> None:
    with pytest.raises(VersionNotFound):
        await world.audit.at_version(BREAKFAST, 4, customer_id=ALICE)
    with pytest.raises(VersionNotFound):
        await world.audit.at_time(BREAKFAST, MORNING - timedelta(seconds=1), customer_id=ALICE)


async def test_time_never_runs_backwards_within_a_stream(world: OrderWorld) -> None:
    world.clock.advance(days=-1)
    world.inventory.be_silent()
    await world.place(mugs(request_id="later"))
    world.clock.advance(days=-1)
    world.inventory.answer_again()

    order = await world.orders.cancel(order_id_of(ALICE, "later"), ALICE, cause(), deadline=in_time())

    assert order.update_time == order.place_time


async def test_an_untouched_order_is_valid(world: OrderWorld) -> None:
    await sign(world)

    verification = await world.audit.verify(BREAKFAST)

    assert verification.findings == ()
    assert verification.valid
    assert verification.events == 3
    history = await world.audit.history(BREAKFAST, customer_id=None, requested_size=0, page_token="")
    assert verification.head_hash == history.events[-1].hash


async def test_an_order_that_never_was_is_not_found(world: OrderWorld) -> None:
    with pytest.raises(OrderNotFound):
        await world.audit.verify(order_id_of(BOB, "nothing"))


Tampering = Callable[[OrderWorld], Awaitable[None]]


async def edit(world: OrderWorld) -> None:
    await world.tamper("UPDATE events SET body = replace(body, '25', '20') WHERE version = 2")


async def edit_and_recompute_the_chain(world: OrderWorld) -> None:
    prev_hash = ""
    for version, body in enumerate(await bodies(world), start=1):
        changed = Envelope.from_body(body.replace(b'"quantity":2', b'"quantity":1'))
        forged = replace(changed, prev_hash=prev_hash).body()
        prev_hash = hash_of(forged)
        await world.tamper(
            "UPDATE events SET body = :body, hash = :hash WHERE version = :version",
            body=forged,
            hash=prev_hash,
            version=version,
        )


async def delete_in_the_middle(world: OrderWorld) -> None:
    await world.tamper("DELETE FROM events WHERE version = 2")


async def cut_the_tail(world: OrderWorld) -> None:
    await world.tamper("DELETE FROM events WHERE version = 3")
    await world.tamper("DELETE FROM commits WHERE version = 3")


async def delete_everything(world: OrderWorld) -> None:
    await world.tamper("DELETE FROM events")
    await world.tamper("DELETE FROM commits")


async def insert(world: OrderWorld) -> None:
    await world.tamper(
        "INSERT INTO events SELECT order_id, 4, commit_version, body, hash FROM events WHERE version = 3"
    )


async def insert_with_a_chain_that_is_right(world: OrderWorld) -> None:
    """A whole commit, as if it had been published."""
    last = (await bodies(world))[-1]
    forged = replace(Envelope.from_body(last), version=4, prev_hash=hash_of(last)).body()
    await world.tamper(
        "INSERT INTO commits SELECT order_id, 4, customer_id, commit_time, 0, open"
        " FROM commits WHERE version = 3"
    )
    await world.tamper(
        "INSERT INTO events SELECT order_id, 4, 4, :body, :hash FROM events WHERE version = 3",
        body=forged,
        hash=hash_of(forged),
    )


async def reorder(world: OrderWorld) -> None:
    for old, new in ((2, 9), (3, 2), (9, 3)):
        await world.tamper("UPDATE events SET version = :new WHERE version = :old", old=old, new=new)


async def change_the_indexed_customer(world: OrderWorld) -> None:
    await world.tamper("UPDATE commits SET customer_id = :bob WHERE version = 1", bob=BOB)


async def change_the_indexed_time(world: OrderWorld) -> None:
    await world.tamper(
        "UPDATE commits SET commit_time = '2020-01-01T00:00:00.000000+00:00' WHERE version = 1"
    )


async def forge_a_head(world: OrderWorld) -> None:
    path = world.home / "order_heads.log"
    path.write_bytes(path.read_bytes().replace(b'"version":2', b'"version":3'))


async def make_it_unreadable(world: OrderWorld) -> None:
    await world.tamper("UPDATE events SET body = x'00' WHERE version = 2")


@pytest.mark.parametrize(
    ("tampering", "version"),
    [
        (edit, 2),
        (edit_and_recompute_the_chain, 1),
        (delete_in_the_middle, 2),
        (cut_the_tail, 3),
        (delete_everything, 1),
        (insert, 4),
        (insert_with_a_chain_that_is_right, 4),
        (reorder, 2),
        (change_the_indexed_customer, 1),
        (change_the_indexed_time, 1),
        (forge_a_head, 3),
        (make_it_unreadable, 2),
    ],
)
async def test_tampering_is_found_with_its_version(
    world: OrderWorld, tampering: Tampering, version: int
) -> None:
    await sign(world)

    await tampering(world)

    verification = await world.audit.verify(BREAKFAST)
    assert not verification.valid
    assert verification.findings[0].version == version


async def test_what_was_recomputed_is_found_in_every_version(world: OrderWorld) -> None:
    await sign(world)

    await edit_and_recompute_the_chain(world)

    found = {finding.version for finding in (await world.audit.verify(BREAKFAST)).findings}
    assert found == {1, 2, 3}


async def test_all_orders_are_verified_page_by_page_by_id(world: OrderWorld) -> None:
    for number in range(4):
        await world.place(mugs(1, request_id=f"order-{number}"))
    pages: list[VerificationPage] = []
    token = ""
    while not pages or token:
        page = await world.audit.verify_all(requested_size=2, page_token=token)
        pages.append(page)
        token = page.next_page_token

    checked = [each for page in pages for each in page.checked]
    assert [len(page.checked) for page in pages] == [2, 2, 1]
    assert [order_id for order_id, _ in checked] == sorted(order_id for order_id, _ in checked)
    assert sum(verification.events for _, verification in checked) == 11
    assert all(verification.valid for _, verification in checked)


async def test_verifying_all_orders_finds_those_that_are_gone(world: OrderWorld) -> None:
    await world.place(mugs(1, request_id="lunch"))
    await sign(world)
    await world.tamper("DELETE FROM events WHERE order_id = :order_id", order_id=BREAKFAST)
    await world.tamper("DELETE FROM commits WHERE order_id = :order_id", order_id=BREAKFAST)

    page = await world.audit.verify_all(requested_size=0, page_token="")

    findings = {(order_id, finding.version) for order_id, found in page.checked for finding in found.findings}
    assert findings == {(BREAKFAST, 1), (BREAKFAST, 2), (BREAKFAST, 3)}
    assert len(page.checked) == 2


async def test_a_page_token_of_another_list_is_refused(world: OrderWorld) -> None:
    with pytest.raises(InvalidPageToken):
        await world.audit.verify_all(requested_size=1, page_token="made up")


async def test_no_orders_are_valid(tmp_path: Path) -> None:
    async with open_world(tmp_path / "empty") as empty:
        page = await empty.audit.verify_all(requested_size=0, page_token="")

    assert (page.checked, page.next_page_token) == ((), "")


async def sign(world: OrderWorld) -> None:
    """What the relay does with everything that it publishes."""
    stream = await world.adapters.store.read(BREAKFAST)
    assert stream is not None
    for event in stream.events:
        await world.adapters.heads.append([Head(BREAKFAST, event.version, event.hash)])


async def bodies(world: OrderWorld) -> list[bytes]:
    stream = await world.adapters.store.read(BREAKFAST)
    assert stream is not None
    return [event.body for event in stream.events]
