"""Orders that leave in parcels: one mail for each, and which pieces it names."""

from collections.abc import Mapping
from uuid import UUID, uuid5

import pytest

from tests.component.notification.conftest import Worker, World
from tests.component.notification.mailing import caught_up
from tests.support.mail import ALICE, MUG_ORDER

LINES = [
    {"sku": "MUG", "name": "Mug", "quantity": 3},
    {"sku": "POT", "name": "Pot", "quantity": 2},
]
PAUSE = 60
TIMES = "\N{MULTIPLICATION SIGN}"
NUMBER = MUG_ORDER[:8].upper()


async def placed(world: World) -> None:
    await world.order_event("OrderPlaced", {"customerId": ALICE, "lines": LINES})


async def shipped(world: World, shipment_id: str, carrier: str = "", **pieces: int) -> None:
    payload = {
        "shipmentId": shipment_id,
        "lines": [{"sku": sku, "quantity": quantity} for sku, quantity in pieces.items()],
        "rest": False,
        "carrier": carrier,
        "trackingNumber": "",
    }
    await world.order_event("OrderShipped", payload, schema_version=2)


async def sent(world: World, worker: Worker, *, after: float = 0) -> list[str]:
    """The texts of the mails that are there once all events were taken in and some time has passed."""
    await caught_up(world, worker)
    world.clock.advance(after)
    await worker.deliver()
    return [text_of(mail) for mail in world.mails]


def text_of(mail: object) -> str:
    body = mail.get_body(("plain",))  # type: ignore[attr-defined]
    return " ".join(body.get_content().split())


def names(text: str, section: str, pieces: Mapping[str, int]) -> bool:
    """Whether a section of a mail names just these pieces."""
    listed = " ".join(f"{quantity} {TIMES} {title}" for title, quantity in pieces.items())
    return f"{section} {listed}" in text


async def test_a_parcel_of_which_more_may_come_is_mailed_after_a_minute(world: World, worker: Worker) -> None:
    await placed(world)
    await shipped(world, "parcel-1", carrier="DHL", MUG=1)

    assert await sent(world, worker, after=PAUSE - 1) == []
    (text,) = await sent(world, worker, after=1)

    assert world.subjects == [f"A parcel of your order {NUMBER} is on its way"]
    assert names(text, "In this parcel", {"Mug": 1})
    assert names(text, "Still to come", {"Mug": 2, "Pot": 2})
    assert "DHL" in text


async def test_pieces_of_one_parcel_are_one_mail_though_they_come_one_by_one(
    world: World, worker: Worker
) -> None:
    await placed(world)
    await shipped(world, "parcel-1", MUG=1)
    assert await sent(world, worker, after=PAUSE - 1) == []
    await shipped(world, "parcel-1", MUG=1)
    await shipped(world, "parcel-1", carrier="DHL", POT=1)

    assert await sent(world, worker, after=PAUSE - 1) == []
    (text,) = await sent(world, worker, after=1)

    assert names(text, "In this parcel", {"Mug": 2, "Pot": 1})
    assert "DHL" in text


async def test_the_last_parcel_is_mailed_at_once(world: World, worker: Worker) -> None:
    await placed(world)
    await shipped(world, "parcel-1", MUG=3, POT=2)

    (text,) = await sent(world, worker)

    assert world.subjects == [f"Your order {NUMBER} is on its way"]
    assert "Still to come" not in text


async def test_each_parcel_has_a_mail_of_its_own(world: World, worker: Worker) -> None:
    await placed(world)
    await shipped(world, "parcel-1", MUG=1)
    await shipped(world, "parcel-2", MUG=1)
    await world.order_event("OrderShipped")

    texts = await sent(world, worker, after=PAUSE)

    assert sorted(text.partition("In this parcel ")[2].partition(" See your order")[0] for text in texts) == [
        f"1 {TIMES} Mug",
        f"1 {TIMES} Mug",
        f"1 {TIMES} Mug 2 {TIMES} Pot",
    ]
    first, *others = (uuid5(UUID(MUG_ORDER), f"order_shipped{version}") for version in ("", ":3", ":4"))
    assert {path.stem for path in world.folder.iterdir()} == {str(first), *map(str, others)}


async def test_a_piece_that_comes_after_the_mail_is_named_in_another_one(
    world: World, worker: Worker
) -> None:
    await placed(world)
    await shipped(world, "parcel-1", MUG=1)
    await sent(world, worker, after=PAUSE)
    await shipped(world, "parcel-1", POT=1)

    texts = await sent(world, worker, after=PAUSE)

    assert [names(text, "In this parcel", {"Pot": 1}) for text in texts].count(True) == 1
    assert [names(text, "In this parcel", {"Mug": 1}) for text in texts].count(True) == 1


@pytest.mark.parametrize(("reason", "words"), [("CUSTOMER", "As you asked"), ("SHORTAGE", "We are sorry")])
async def test_a_cancelled_remainder_is_named(world: World, worker: Worker, reason: str, words: str) -> None:
    await placed(world)
    await shipped(world, "parcel-1", MUG=1)
    lines = [{"sku": "MUG", "quantity": 2}, {"sku": "POT", "quantity": 2}]
    await world.order_event("OrderRemainderCancelled", {"reason": reason, "lines": lines})

    texts = await sent(world, worker, after=PAUSE)

    assert world.subjects == [
        f"A parcel of your order {NUMBER} is on its way",
        f"The rest of your order {NUMBER} is cancelled",
    ]
    assert all(names(text, "Cancelled", {"Mug": 2, "Pot": 2}) for text in texts)
    assert any(words in text for text in texts)


async def test_an_event_of_a_later_version_is_parked(world: World, worker: Worker) -> None:
    await placed(world)
    await world.order_event("OrderShipped", {"boxes": 3}, schema_version=3)

    assert await sent(world, worker, after=PAUSE) == []
    (parked,) = await worker.consumer.parked(after=0, limit=9)
    assert "schema version 3" in parked.reason
