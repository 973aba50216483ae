"""Databases get the tables of their services step by step, and back."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from mesh import sql
from mesh.sql import migrations
from mesh.sql.migrations import BASE, Schema
from services.inventory.adapters.schema_sql import SCHEMA as INVENTORY
from services.inventory.adapters.tables import stock, wms_quarantine, wms_updates
from services.notification.adapters.schema_sql import SCHEMA as NOTIFICATION
from services.notification.adapters.tables import deliveries
from services.user.adapters.schema_sql import SCHEMA as USER
from services.user.adapters.tables import accounts, activities, families

SCHEMAS = {"user": USER, "inventory": INVENTORY, "notification": NOTIFICATION}


@pytest.fixture(params=sorted(SCHEMAS))
def schema(request: pytest.FixtureRequest) -> Schema:
    return SCHEMAS[request.param]


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = sql.open_engine(database_url)
    yield engine
    await engine.dispose()


async def tables(engine: AsyncEngine) -> set[str]:
    async with sql.schema_lock(engine) as connection:
        return set(await connection.run_sync(lambda each: inspect(each).get_table_names()))


def own(schema: Schema) -> set[str]:
    return {name for metadata in schema.metadatas for name in metadata.tables}


async def test_the_steps_lead_to_the_tables_of_the_code(engine: AsyncEngine, schema: Schema) -> None:
    await migrations.upgrade(engine, schema)

    assert await migrations.drift(engine, schema) == []


async def test_a_database_made_without_steps_is_taken_over_with_its_rows(
    engine: AsyncEngine, schema: Schema
) -> None:
    await sql.create_tables(engine, *schema.metadatas)
    kept = schema.metadatas[0].sorted_tables[0]
    async with sql.write(engine) as session:
        row = {column.name: _value(column.type.python_type) for column in kept.columns}
        names, marks = ", ".join(row), ", ".join(f":{name}" for name in row)
        await session.execute(text(f"INSERT INTO {kept.name} ({names}) VALUES ({marks})"), row)  # noqa: S608

    await migrations.upgrade(engine, schema)

    async with sql.read(engine) as session:
        count = await session.scalar(text(f"SELECT count(*) FROM {kept.name}"))  # noqa: S608
    assert count == 1
    assert await migrations.drift(engine, schema) == []


async def test_a_step_that_was_interrupted_is_taken_again(engine: AsyncEngine, schema: Schema) -> None:
    await migrations.upgrade(engine, schema)
    async with sql.write(engine) as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '0001'"))

    await migrations.upgrade(engine, schema)

    assert await migrations.drift(engine, schema) == []


async def test_the_way_back_leaves_no_table(engine: AsyncEngine, schema: Schema) -> None:
    await migrations.upgrade(engine, schema)
    assert own(schema) <= await tables(engine)

    await migrations.downgrade(engine, schema, BASE)

    assert not own(schema) & await tables(engine)
    await migrations.upgrade(engine, schema)
    assert await migrations.drift(engine, schema) == []


async def test_times_of_mails_stay_what_they_were(engine: AsyncEngine) -> None:
    await migrations.upgrade(engine, NOTIFICATION, "0002")
    names = "notification_id, template, user_id, order_id, trace, state, holder, attempts, refusals"
    strings = "'mail-1', 'order_confirmed', 'alice', 'order-1', '', 'PENDING', '', 0, 0"
    async with sql.write(engine) as session:
        await session.execute(
            text(
                f"INSERT INTO deliveries ({names}, create_time, due_time)"  # noqa: S608
                f" VALUES ({strings}, 1764399600.000001, 1764399661.25)"
            )
        )

    await migrations.upgrade(engine, NOTIFICATION)

    async with sql.read(engine) as session:
        [(created, due, sent)] = await session.execute(
            select(deliveries.c.create_time, deliveries.c.due_time, deliveries.c.send_time)
        )
    assert created == datetime(2025, 11, 29, 7, 0, 0, 1, UTC)
    assert due == datetime(2025, 11, 29, 7, 1, 1, 250_000, UTC)
    assert sent is None


async def test_stock_stays_what_it_was_under_new_words(engine: AsyncEngine) -> None:
    await migrations.upgrade(engine, INVENTORY, "0005")
    async with sql.write(engine) as session:
        await session.execute(text("INSERT INTO warehouses (name) VALUES ('berlin')"))
        await session.execute(
            text(
                "INSERT INTO products (sku, name, description, category, currency_code, units, nanos,"
                " image_url, retired, update_time, name_key, search_text)"
                " VALUES ('MUG-RED', 'Red mug', '', '', 'EUR', 12, 0, '', 0, 0, 'red mug', 'red mug')"
            )
        )
        await session.execute(
            text(
                "INSERT INTO stock (sku, warehouse, book, untold, held, committed, version, sequence)"
                " VALUES ('MUG-RED', 'berlin', 10, 3, 2, 1, 7, 5)"
            )
        )

    await migrations.upgrade(engine, INVENTORY)

    async with sql.read(engine) as session:
        [shelf] = await session.execute(select(stock))
    assert (shelf.book_quantity, shelf.unreported, shelf.held, shelf.committed) == (10, 3, 2, 1)
    with pytest.raises(DBAPIError, match="unreported_not_negative"):
        async with sql.write(engine) as session:
            await session.execute(text("UPDATE stock SET unreported = -1"))


async def test_updates_of_a_warehouse_are_of_the_first_epoch(engine: AsyncEngine) -> None:
    await migrations.upgrade(engine, INVENTORY, "0007")
    async with sql.write(engine) as session:
        await session.execute(
            text(
                "INSERT INTO wms_updates (sku, warehouse, sequence, digest, result, reason, actor, time)"
                " VALUES ('MUG-RED', 'berlin', 7, 'abc', 'APPLIED', '', 'client:wms', 1)"
            )
        )
        await session.execute(
            text(
                "INSERT INTO wms_quarantine (sku, warehouse, sequence, digest, content, reason, actor, time)"
                " VALUES ('MUG-RED', 'berlin', 7, 'def', '{}', 'no sense', 'client:wms', 2)"
            )
        )

    await migrations.upgrade(engine, INVENTORY)
    async with sql.write(engine) as session:
        # The key has the epoch in it.
        await session.execute(
            text(
                "INSERT INTO wms_updates"
                " (sku, warehouse, epoch, sequence, digest, result, reason, actor, time)"
                " SELECT sku, warehouse, 2, sequence, digest, result, reason, actor, time FROM wms_updates"
            )
        )
        rows = await session.execute(select(wms_updates.c.epoch, wms_updates.c.digest).order_by("epoch"))
        [kept] = await session.execute(select(wms_quarantine))
    assert [tuple(row) for row in rows] == [(1, "abc"), (2, "abc")]
    assert (kept.epoch, kept.sequence, kept.digest, kept.reason) == (1, 7, "def", "no sense")

    await migrations.downgrade(engine, INVENTORY, "0007")
    async with sql.read(engine) as session:
        [kept] = await session.execute(text("SELECT sku, sequence, digest FROM wms_updates"))
    assert tuple(kept) == ("MUG-RED", 7, "abc")


def _value(kind: type) -> object:
    return "MUG-RED" if kind is str else 0


async def test_shipments_become_pieces(engine: AsyncEngine) -> None:
    await migrations.upgrade(engine, INVENTORY, "0008")
    statements = [
        (
            "INSERT INTO reservations (order_id, state, actor, update_time) VALUES"
            " ('whole', 'SHIPPED', 'system', 1), ('part', 'COMMITTED', 'system', 1)"
        ),
        (
            "INSERT INTO reservation_lines (order_id, sku, position, quantity, currency_code, units, nanos)"
            " VALUES"
            " ('whole', 'MUG', 0, 3, 'EUR', 12, 0), ('part', 'MUG', 0, 4, 'EUR', 12, 0)"
        ),
        (
            "INSERT INTO allocations (order_id, sku, warehouse, quantity) VALUES"
            " ('whole', 'MUG', 'berlin', 2), ('whole', 'MUG', 'hamburg', 1),"
            " ('part', 'MUG', 'berlin', 3), ('part', 'MUG', 'hamburg', 1)"
        ),
        (
            "INSERT INTO shipments (order_id, sku, warehouse, quantity, after_cancel, reported, time) VALUES"
            " ('whole', 'MUG', 'berlin', 2, 0, 0, 5), ('whole', 'MUG', 'hamburg', 1, 0, 1, 5),"
            " ('part', 'MUG', 'berlin', 3, 0, 1, 5), ('gone', 'MUG', 'berlin', 1, 1, 1, 5)"
        ),
    ]
    async with sql.write(engine) as session:
        for statement in statements:
            await session.execute(text(statement))

    await migrations.upgrade(engine, INVENTORY)

    async with sql.read(engine) as session:
        parts = "SELECT order_id, warehouse, gone, unreported FROM allocations ORDER BY order_id, warehouse"
        assert (await session.execute(text(parts))).all() == [
            ("part", "berlin", 3, 0),
            ("part", "hamburg", 0, 0),
            ("whole", "berlin", 2, 2),
            ("whole", "hamburg", 1, 0),
        ]
        shipped = "SELECT order_id, shipped FROM reservation_lines ORDER BY order_id"
        assert (await session.execute(text(shipped))).all() == [("part", 0), ("whole", 3)]
        reported = "SELECT order_id, warehouse, deltas_since, after_cancel FROM departures ORDER BY order_id"
        assert (await session.execute(text(reported))).all() == [
            ("gone", "berlin", 1, 1),
            ("part", "berlin", 3, 0),
            ("whole", "hamburg", 1, 0),
        ]
    await migrations.downgrade(engine, INVENTORY, "0008")
    async with sql.read(engine) as session:
        back = "SELECT order_id, warehouse, quantity, reported FROM shipments ORDER BY order_id, warehouse"
        assert [tuple(map(str, row)) for row in await session.execute(text(back))] == [
            ("part", "berlin", "3", "1"),
            ("whole", "berlin", "2", "0"),
            ("whole", "hamburg", "1", "1"),
        ]


async def test_a_password_that_was_chosen_before_the_proof_is_forgotten(engine: AsyncEngine) -> None:
    await migrations.upgrade(engine, USER, "0003")
    async with sql.write(engine) as session:
        for name, verified in (("alice", 1), ("eve", 0)):
            await session.execute(
                text(
                    "INSERT INTO accounts (user_id, email, display_name, password_hash, email_verified,"
                    " scopes, locale, create_time, update_time)"
                    " VALUES (:name, :name, :name, 'a hash', :verified, 'orders', 'en', 0, 0)"
                ),
                {"name": name, "verified": verified},
            )

    await migrations.upgrade(engine, USER)

    columns = accounts.c.user_id, accounts.c.password_hash, accounts.c.display_name, accounts.c.expire_time
    async with sql.read(engine) as session:
        kept, lost = await session.execute(select(*columns).order_by(accounts.c.user_id))
    assert tuple(kept) == ("alice", "a hash", "alice", None)
    assert tuple(lost)[:3] == ("eve", "", "")
    assert lost.expire_time > datetime.now(UTC)


async def test_logins_go_on_by_their_refresh_tokens(engine: AsyncEngine) -> None:
    await migrations.upgrade(engine, USER, "0004")
    async with sql.write(engine) as session:
        await session.execute(
            text(
                "INSERT INTO families"
                " (family_id, client_id, user_id, scopes, auth_time, expire_time, revoked)"
                " VALUES ('family', 'cli', 'alice', 'orders', 5000000, 9000000, 0)"
            )
        )
        await session.execute(
            text("INSERT INTO sessions (token_hash, user_id, auth_time, expire_time) VALUES ('x', 'a', 0, 9)")
        )

    await migrations.upgrade(engine, USER)

    async with sql.read(engine) as session:
        (family,) = await session.execute(select(families))
        assert (await session.scalar(text("SELECT count(*) FROM sessions"))) == 0
    assert (family.sid, family.use_time) == ("family", family.auth_time)


async def test_what_had_happened_to_an_account_is_read_in_the_log(engine: AsyncEngine) -> None:
    await migrations.upgrade(engine, USER, "0005")
    async with sql.write(engine) as session:
        for kind in ("login", "scopes_granted audit orders by staff:admin"):
            await session.execute(
                text("INSERT INTO activities (user_id, kind, occur_time) VALUES ('alice', :kind, 1000000)"),
                {"kind": kind},
            )

    await migrations.upgrade(engine, USER)

    async with sql.read(engine) as session:
        first, second = await session.execute(select(activities).order_by(activities.c.id))
    assert (first.kind, first.detail, first.actor) == ("LOGIN", "", "")
    assert (second.kind, second.detail) == ("SCOPES_GRANTED", "audit orders by staff:admin")
    assert second.expire_time - second.occur_time == timedelta(days=90)
