"""The parked events of several consumers of one database, listed and redriven as one."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, insert, make_url, select
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import sql
from mesh.event_log import Record
from mesh.event_log.inbox.consumer import Consumer
from mesh.event_log.inbox.inbox import INBOX_TABLES, Outcome, Redriven, RetryLater, SqlInbox
from mesh.event_log.inbox.parked_servicer import ParkedEventsServicer
from mesh.event_log.inbox.parking import Parking, ParkingUnavailable
from mesh.event_log.sqlite.log import SqliteEventLog
from mesh.topology import INVENTORY_EVENTS, USER_EVENTS
from services.kernel.envelope import Envelope
from shopmesh.events.v1.parked_events_pb2 import ListParkedEventsRequest
from tests.support.events import MORNING, envelope, morning, record

metadata = MetaData()
effects = Table("effects", metadata, Column("key", String(50)), Column("version", Integer))


class Effect:
    """Writes a row once it is mended."""

    def __init__(self) -> None:
        self.failure: Exception | None = LookupError("MUG-RED is unknown")

    async def __call__(self, session: sql.Session, event: Envelope) -> None:
        if self.failure is not None:
            raise self.failure
        await session.execute(insert(effects).values(key=event.key, version=event.version))


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = sql.open_engine(database_url)
    await sql.create_tables(engine, metadata, *INBOX_TABLES)
    yield engine
    await engine.dispose()


@pytest.fixture
def effect() -> Effect:
    return Effect()


@pytest.fixture
def inboxes(engine: AsyncEngine) -> dict[str, SqlInbox]:
    """By topic: those of accounts and of stock are consumers of their own."""
    return {
        USER_EVENTS: SqlInbox(engine, "order", morning, retry_seconds=()),
        INVENTORY_EVENTS: SqlInbox(engine, "order.stock", morning, retry_seconds=()),
    }


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[SqliteEventLog]:
    async with SqliteEventLog.opened(tmp_path / "event_log.db") as opened:
        yield opened


@pytest.fixture
def parking(log: SqliteEventLog, inboxes: dict[str, SqlInbox], effect: Effect) -> Parking:
    return Parking(*(Consumer(log, topic, (topic,), inbox, effect) for topic, inbox in inboxes.items()))


@pytest.fixture
async def parked(inboxes: dict[str, SqlInbox], effect: Effect) -> None:
    """In the order of parking: two events of a SKU, one of alice, one of another SKU."""
    for topic, key, version in (
        (INVENTORY_EVENTS, "MUG-RED", 1),
        (INVENTORY_EVENTS, "MUG-RED", 2),
        (USER_EVENTS, "alice", 1),
        (INVENTORY_EVENTS, "TEAPOT", 1),
    ):
        assert await inboxes[topic].deliver(event(topic, key, version), effect) is Outcome.PARKED


def event(topic: str, key: str, version: int) -> Record:
    return record(topic, envelope("SomethingHappened", key, version))


async def happened(engine: AsyncEngine) -> list[tuple[str, int]]:
    async with sql.read(engine) as session:
        return [(row.key, row.version) for row in await session.execute(select(effects))]


async def listed(parking: Parking, size: int) -> list[list[tuple[str, str, int]]]:
    """Page by page."""
    pages, after = [], 0
    while True:
        page = await parking.page(after=after, size=size)
        pages.append([(each.record.topic, each.record.key, each.record.version) for each in page.events])
        if not page.next_position:
            return pages
        after = page.next_position


@pytest.mark.usefixtures("parked")
@pytest.mark.parametrize("size", [1, 3, 4, 200])
async def test_what_all_consumers_have_parked_is_listed_oldest_first(parking: Parking, size: int) -> None:
    oldest_first = [
        (INVENTORY_EVENTS, "MUG-RED", 1),
        (INVENTORY_EVENTS, "MUG-RED", 2),
        (USER_EVENTS, "alice", 1),
        (INVENTORY_EVENTS, "TEAPOT", 1),
    ]

    pages = await listed(parking, size)

    assert [each for page in pages for each in page] == oldest_first
    assert len(pages) == -(-len(oldest_first) // size)


async def test_nothing_parked_is_one_empty_page(parking: Parking) -> None:
    assert await listed(parking, 50) == [[]]
    assert await parking.redrive(None) == Redriven(handled=0, remaining=0)


@pytest.mark.usefixtures("parked")
async def test_an_event_is_shown_with_its_reason_and_the_time_of_its_parking(parking: Parking) -> None:
    answer = await ParkedEventsServicer(parking).ListParkedEvents(ListParkedEventsRequest(page_size=1), None)

    [oldest] = answer.events
    assert (oldest.topic, oldest.key, oldest.version) == (INVENTORY_EVENTS, "MUG-RED", 1)
    assert (oldest.type, oldest.reason) == ("SomethingHappened", "LookupError: MUG-RED is unknown")
    assert oldest.park_time.ToDatetime(tzinfo=MORNING.tzinfo) == MORNING


@pytest.mark.usefixtures("parked")
async def test_all_go_once_they_can_and_those_of_a_key_in_order(
    engine: AsyncEngine, parking: Parking, inboxes: dict[str, SqlInbox], effect: Effect
) -> None:
    assert await parking.redrive(None) == Redriven(handled=0, remaining=4)
    effect.failure = None

    # What comes meanwhile does not overtake what was parked before it.
    late = event(INVENTORY_EVENTS, "MUG-RED", 3)
    assert await inboxes[INVENTORY_EVENTS].deliver(late, effect) is Outcome.PARKED

    assert await parking.redrive(None) == Redriven(handled=5, remaining=0)
    done = await happened(engine)
    assert [version for key, version in done if key == "MUG-RED"] == [1, 2, 3]
    assert sorted(done) == [("MUG-RED", 1), ("MUG-RED", 2), ("MUG-RED", 3), ("TEAPOT", 1), ("alice", 1)]
    assert await listed(parking, 50) == [[]]


@pytest.mark.usefixtures("parked")
async def test_one_key_can_be_let_go_alone(engine: AsyncEngine, parking: Parking, effect: Effect) -> None:
    effect.failure = None

    assert await parking.redrive("alice") == Redriven(handled=1, remaining=0)
    assert await happened(engine) == [("alice", 1)]
    assert len((await parking.page(after=0, size=50)).events) == 3


@pytest.mark.usefixtures("parked")
async def test_an_effect_that_has_to_wait_is_said_and_loses_nothing(parking: Parking, effect: Effect) -> None:
    effect.failure = RetryLater()

    with pytest.raises(ParkingUnavailable) as refused:
        await parking.redrive(None)

    assert refused.value.reason == "DEPENDENCY_UNAVAILABLE"
    effect.failure = None
    assert await parking.redrive(None) == Redriven(handled=4, remaining=0)


async def test_a_database_that_cannot_be_read_is_said_without_its_own_words(
    database_url: str, tmp_path: Path, log: SqliteEventLog
) -> None:
    url = make_url(database_url)
    nowhere = url.set(port=1) if url.host else url.set(database=str(tmp_path / "nowhere" / "inbox.db"))
    inbox = SqlInbox(sql.open_engine(nowhere.render_as_string(hide_password=False)), "order", morning)
    parking = Parking(Consumer(log, "order", (USER_EVENTS,), inbox, Effect()))

    for asked in (parking.page(after=0, size=50), parking.redrive(None)):
        with pytest.raises(ParkingUnavailable) as refused:
            await asked
        assert refused.value.reason == "STORE_UNAVAILABLE"
        assert "parked events cannot" in str(refused.value)
