"""What is written to the order index in SQLite, by statements of the driver."""

import sqlite3
from collections.abc import Sequence

from services.order.adapters.search_index.search_tables_sqlite import (
    STORE_ROW,
    STORE_SKU,
    row_values,
    sku_values,
)
from services.order.application.ports import OrderRow, Superseded

_FIRST = 1
_POINTER = "SELECT current, building, latest FROM search_generations WHERE id = 1"
_BEGIN = """
    INSERT INTO search_generations (id, current, building, latest) VALUES (1, ?, ?, ?)
    ON CONFLICT (id) DO UPDATE SET
        current = excluded.current, building = excluded.building, latest = excluded.latest
"""
_SWAP = "UPDATE search_generations SET current = ?, building = NULL WHERE id = 1"
_FOLLOWING = "SELECT generation FROM search_rows WHERE generation > ? ORDER BY generation LIMIT 1"
_DELETE_ROWS = """
    DELETE FROM search_rows WHERE generation = :generation AND order_id IN
        (SELECT order_id FROM search_rows WHERE generation = :generation LIMIT :limit)
"""
_DELETE_SKUS = "DELETE FROM search_skus WHERE generation = ?"


def upsert(driver: sqlite3.Connection, rows: Sequence[OrderRow]) -> None:
    current, building, _ = _pointer(driver)
    for generation in {current, building or current}:
        _store(driver, generation, rows)


def begin(driver: sqlite3.Connection) -> int:
    current, _, latest = _pointer(driver)
    driver.execute(_BEGIN, (current, latest + 1, latest + 1))
    return latest + 1


def fill(driver: sqlite3.Connection, generation: int, rows: Sequence[OrderRow]) -> None:
    _require_building(driver, generation)
    _store(driver, generation, rows)


def finish(driver: sqlite3.Connection, generation: int) -> None:
    _require_building(driver, generation)
    driver.execute(_SWAP, (generation,))


def discard(driver: sqlite3.Connection, *, limit: int) -> int:
    current, building, _ = _pointer(driver)
    stale = _stale(driver, {current, building or current})
    if stale is None:
        return 0
    deleted = driver.execute(_DELETE_ROWS, {"generation": stale, "limit": limit}).rowcount
    if deleted < limit:
        driver.execute(_DELETE_SKUS, (stale,))
    return deleted


def _pointer(driver: sqlite3.Connection) -> tuple[int, int | None, int]:
    """The current generation, the one being built, and the latest that there ever was."""
    pointer: tuple[int, int | None, int] | None = driver.execute(_POINTER).fetchone()
    return pointer or (_FIRST, None, _FIRST)


def _require_building(driver: sqlite3.Connection, generation: int) -> None:
    _, building, _ = _pointer(driver)
    if building != generation:
        raise Superseded(f"generation {generation} is not being built any more")


def _store(driver: sqlite3.Connection, generation: int, rows: Sequence[OrderRow]) -> None:
    driver.executemany(STORE_ROW, row_values(generation, rows))
    driver.executemany(STORE_SKU, sku_values(generation, rows))


def _stale(driver: sqlite3.Connection, kept: set[int]) -> int | None:
    """A generation that has rows and is not to be kept, found by one look-up per generation there is."""
    found = 0
    while following := driver.execute(_FOLLOWING, (found,)).fetchone():
        found = int(following[0])
        if found not in kept:
            return found
    return None
