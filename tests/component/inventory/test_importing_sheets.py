"""A sheet of products on its way into the catalogue, as the command line sends it."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest

from interceptors.client.outgoing import outgoing_interceptors
from mesh.cli.commands.products import imported
from mesh.cli.sheets.product_sheets import COLUMNS, BadLine, read_sheet
from services.inventory.adapters.tables import products
from shopmesh.inventory.v1.catalog_service_pb2 import ImportProductsRequest, ImportProductsResponse
from shopmesh.inventory.v1.catalog_service_pb2_grpc import CatalogServiceStub
from tests.component.inventory.conftest import Inventory

if TYPE_CHECKING:
    from shopmesh.inventory.v1.catalog_service_pb2_grpc import CatalogServiceAsyncStub

RED = "MUG-RED,Red mug,,kitchen,12.90,EUR,"
BLUE = "MUG-BLUE,Blue mug,,kitchen,12.90,EUR,"


@pytest.fixture
async def catalog(inventory: Inventory) -> AsyncIterator["CatalogServiceAsyncStub"]:
    """A stub whose calls carry the token of the shop's staff."""

    async def token() -> str:
        return inventory.served.mint.user("admin-id", "catalog:write")

    async with grpc.aio.insecure_channel(
        f"127.0.0.1:{inventory.served.port}", interceptors=outgoing_interceptors(token)
    ) as channel:
        yield CatalogServiceStub(channel)


async def run(
    catalog: "CatalogServiceAsyncStub",
    folder: Path,
    *lines: str,
    dry_run: bool = False,
    allow_zero_price: bool = False,
) -> tuple[tuple[int, int, int], Sequence[BadLine]]:
    file = folder / "products.csv"
    file.write_text("\n".join([",".join(COLUMNS), *lines]), encoding="utf-8")
    how = ImportProductsRequest(validate_only=dry_run, allow_zero_price=allow_zero_price)
    answer, bad_lines = await imported(catalog, read_sheet(file), how)
    return _tally(answer), bad_lines


async def test_a_sheet_is_imported_and_again_changes_nothing(
    catalog: "CatalogServiceAsyncStub", tmp_path: Path
) -> None:
    assert await run(catalog, tmp_path, RED, BLUE) == ((2, 0, 0), [])
    assert await run(catalog, tmp_path, RED, BLUE.replace("12.90", "14")) == ((0, 1, 1), [])


async def test_a_dry_run_says_what_would_happen_and_stores_nothing(
    catalog: "CatalogServiceAsyncStub", inventory: Inventory, tmp_path: Path
) -> None:
    assert await run(catalog, tmp_path, RED, BLUE, dry_run=True) == ((2, 0, 0), [])
    assert await inventory.shop.rows(products) == []


async def test_what_only_the_service_knows_is_told_beside_what_can_be_read_from_the_file(
    catalog: "CatalogServiceAsyncStub", inventory: Inventory, tmp_path: Path
) -> None:
    await run(catalog, tmp_path, RED)

    broken = "MUG-NEW,New mug,,kitchen,12.90,EUR,", RED.replace("EUR", "USD"), BLUE.replace("12.90", "much")
    _, bad_lines = await run(catalog, tmp_path, *broken)

    assert [(each.line, each.column) for each in bad_lines] == [(3, "currency"), (4, "price")]
    assert bad_lines[0].problem == "is USD; MUG-RED has EUR"
    assert [row.sku for row in await inventory.shop.rows(products)] == ["MUG-RED"]


async def test_a_price_of_zero_is_a_bad_line_until_it_is_said_to_be_meant(
    catalog: "CatalogServiceAsyncStub", tmp_path: Path
) -> None:
    free = RED.replace("12.90", "0")

    _, bad_lines = await run(catalog, tmp_path, BLUE, free)

    assert [(each.line, each.column) for each in bad_lines] == [(3, "price")]
    assert await run(catalog, tmp_path, BLUE, free, allow_zero_price=True) == ((2, 0, 0), [])


async def test_prices_are_those_of_their_currencies(
    catalog: "CatalogServiceAsyncStub", tmp_path: Path
) -> None:
    prices = "12.905,EUR", "12.5,JPY", "1.2345,KWD", "1,XXX"
    lines = [f"MUG-{place},Mug,,kitchen,{price}," for place, price in enumerate(prices)]

    _, bad_lines = await run(catalog, tmp_path, *lines)

    assert [(each.line, each.column) for each in bad_lines] == [
        (2, "price"), (3, "price"), (4, "price"), (5, "currency")
    ]  # fmt: skip
    assert await run(catalog, tmp_path, RED.replace("12.90,EUR", "1.234,KWD")) == ((1, 0, 0), [])


async def test_texts_are_brought_into_one_form(
    catalog: "CatalogServiceAsyncStub", inventory: Inventory, tmp_path: Path
) -> None:
    await run(catalog, tmp_path, RED.replace("Red mug", "Cafe\u0301 mug"))
    _, bad_lines = await run(catalog, tmp_path, BLUE.replace("Blue mug", "Blue \u202emug"))

    assert [row.name for row in await inventory.shop.rows(products)] == ["Caf\u00e9 mug"]
    assert [(each.line, each.column) for each in bad_lines] == [(2, "name")]


def _tally(answer: ImportProductsResponse) -> tuple[int, int, int]:
    return answer.created_count, answer.updated_count, answer.unchanged_count
