"""The twin's tables, and its one transaction."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Connection,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    delete,
    event,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

metadata = MetaData()
_products = Table(
    "products",
    metadata,
    Column("sku", String(64), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("price_cents", BigInteger, nullable=False),
    Column("available", Integer, nullable=False),
)
_orders = Table(
    "orders",
    metadata,
    Column("order_id", String(36), primary_key=True),
    Column("customer_id", String(64), nullable=False),
    Column("request_id", String(64), nullable=False),
    Column("state", String(30), nullable=False),
    Column("total_cents", BigInteger, nullable=False),
    Column("shipping_address", JSON, nullable=False),
    UniqueConstraint("customer_id", "request_id"),
)
_lines = Table(
    "order_lines",
    metadata,
    Column("order_id", ForeignKey("orders.order_id"), primary_key=True),
    Column("sku", String(64), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("price_cents", BigInteger, nullable=False),
)
_mails = Table(
    "mails_to_write",
    metadata,
    Column("mail_id", Integer, primary_key=True, autoincrement=True),
    Column("order_id", String(36), nullable=False),
    Column("content", JSON, nullable=False),
)


class Refused(Exception):
    """The order cannot be placed: a SKU is unknown or sold out."""


@dataclass(frozen=True, slots=True)
class Command:
    """An order that a customer wants."""

    customer_id: str
    request_id: str
    lines: Mapping[str, int]
    shipping_address: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that is to be written."""

    mail_id: int
    order_id: str
    content: Mapping[str, Any]


class Store:
    """The shop's database."""

    def __init__(self, engine: AsyncEngine, turn: asyncio.Lock | None) -> None:
        self._engine = engine
        self._turn = turn

    @classmethod
    @asynccontextmanager
    async def opened(cls, url: str) -> AsyncIterator["Store"]:
        """Open a database, with its tables."""
        engine = create_async_engine(url, pool_size=20)
        is_sqlite = engine.dialect.name == "sqlite"
        if is_sqlite:
            event.listen(engine.sync_engine, "connect", _prepare)
            event.listen(engine.sync_engine, "begin", _begin)
        try:
            async with engine.begin() as connection:
                await connection.run_sync(metadata.create_all)
            yield cls(engine, asyncio.Lock() if is_sqlite else None)
        finally:
            await engine.dispose()

    async def stock(self, sku: str, available: int) -> None:
        """Begin to sell a product."""
        row = {"sku": sku, "name": "Enamel mug, red", "price_cents": 1250, "available": available}
        async with self._writing() as connection:
            await connection.execute(insert(_products).values(row))

    async def place(self, command: Command) -> Mapping[str, Any]:
        """Place an order, once.

        Raises:
            Refused: A SKU is unknown or sold out; nothing was stored.
        """
        async with self._writing() as connection:
            repeated = await _order(connection, command.customer_id, command.request_id)
            return repeated or await _placed(connection, command)

    async def mails(self, most: int) -> Sequence[Mail]:
        """The oldest mails to write."""
        oldest = select(_mails).order_by(_mails.c.mail_id).limit(most)
        async with self._engine.connect() as connection:
            return [Mail(*row) for row in await connection.execute(oldest)]

    async def written(self, mails: Sequence[Mail]) -> None:
        """Those are on disk."""
        async with self._writing() as connection:
            ids = [mail.mail_id for mail in mails]
            await connection.execute(delete(_mails).where(_mails.c.mail_id.in_(ids)))

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[AsyncConnection]:
        # SQLite has one writer: who waits here does not wait in growing pauses there.
        turn: AbstractAsyncContextManager[Any] = self._turn or nullcontext()
        async with turn, self._engine.begin() as connection:
            yield connection


async def _placed(connection: AsyncConnection, command: Command) -> Mapping[str, Any]:
    skus = sorted(command.lines)
    found = await connection.execute(select(_products).where(_products.c.sku.in_(skus)))
    products = {row.sku: row for row in found}
    for sku in skus:
        await _take(connection, sku, command.lines[sku])
    order_id = str(uuid4())
    lines = [
        {
            "order_id": order_id,
            "sku": sku,
            "name": products[sku].name,
            "quantity": command.lines[sku],
            "price_cents": products[sku].price_cents,
        }
        for sku in skus
    ]
    order = {
        "order_id": order_id,
        "customer_id": command.customer_id,
        "request_id": command.request_id,
        "state": "CONFIRMED",
        "total_cents": sum(line["quantity"] * line["price_cents"] for line in lines),
        "shipping_address": dict(command.shipping_address),
    }
    await connection.execute(insert(_orders).values(order))
    await connection.execute(insert(_lines), lines)
    answer = _answer(order, lines)
    await connection.execute(insert(_mails).values(order_id=order_id, content=answer))
    return answer


async def _take(connection: AsyncConnection, sku: str, quantity: int) -> None:
    enough = update(_products).where(_products.c.sku == sku, _products.c.available >= quantity)
    taken = await connection.execute(enough.values(available=_products.c.available - quantity))
    if taken.rowcount != 1:
        raise Refused(sku)


async def _order(connection: AsyncConnection, customer_id: str, request_id: str) -> Mapping[str, Any] | None:
    mine = (_orders.c.customer_id == customer_id) & (_orders.c.request_id == request_id)
    order = (await connection.execute(select(_orders).where(mine))).one_or_none()
    if order is None:
        return None
    of_it = select(_lines).where(_lines.c.order_id == order.order_id).order_by(_lines.c.sku)
    return _answer(order._asdict(), [row._asdict() for row in await connection.execute(of_it)])


def _answer(order: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "orderId": order["order_id"],
        "state": f"ORDER_STATE_{order['state']}",
        "lines": [
            {
                "sku": line["sku"],
                "name": line["name"],
                "quantity": line["quantity"],
                "unitPriceCents": line["price_cents"],
            }
            for line in lines
        ],
        "totalCents": order["total_cents"],
        "shippingAddress": order["shipping_address"],
    }


def _prepare(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
