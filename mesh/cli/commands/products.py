"""`products`: what the shop sells."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mesh.cli.channels import ADMIN, channel_as
from mesh.cli.console import note
from mesh.cli.context import running_settings_of
from mesh.cli.sheets.product_checks import checked, column_of, in_options
from mesh.cli.sheets.product_sheets import COLUMNS, BadLine, Sheet, read_sheet
from mesh.client.channel import LARGEST_MESSAGE_BYTES
from mesh.settings import MeshSettings
from shopmesh.inventory.v1.catalog_service_pb2 import (
    ImportProductsRequest,
    ImportProductsResponse,
)
from shopmesh.inventory.v1.catalog_service_pb2_grpc import CatalogServiceStub

if TYPE_CHECKING:
    from shopmesh.inventory.v1.catalog_service_pb2_grpc import CatalogServiceAsyncStub

_MOST_PRODUCTS = 2000
_BAD_LINES = 1

app = typer.Typer(help="Look after the catalogue.", no_args_is_help=True)


@app.callback()
def products() -> None:
    """Keep `import` a command of its own."""


@app.command("import")
def import_products(
    context: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE.csv",
            exists=True,
            dir_okay=False,
            help=f"CSV in UTF-8 with up to {_MOST_PRODUCTS} products; header: {', '.join(COLUMNS)}.",
        ),
    ],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    allow_zero_price: Annotated[
        bool, typer.Option("--allow-zero-price", help="Prices of zero are meant; else they are bad.")
    ] = False,
    who: Annotated[str, typer.Option("--as", metavar="NAME|EMAIL", help="Who imports.")] = ADMIN,
    as_json: Annotated[bool, typer.Option("--json", help="The outcome for programs.")] = False,
) -> None:
    """Add the products that are new and change the others: all, or none when a line is bad.

    Exits with 0 when nothing is wrong, with 1 when lines are bad: all of them are named.
    """
    sheet = read_sheet(file)
    _check_size(file, sheet)
    settings = running_settings_of(context)
    request = ImportProductsRequest(validate_only=dry_run, allow_zero_price=allow_zero_price)
    answer, bad_lines = asyncio.run(_imported_as(who, settings, sheet, request))
    (_print_json if as_json else _show)(answer, bad_lines, dry_run=dry_run)
    if bad_lines:
        raise typer.Exit(_BAD_LINES)


def _check_size(file: Path, sheet: Sheet) -> None:
    count = len(sheet.products)
    if not count and not sheet.bad_lines:
        raise typer.BadParameter(f"{file} holds no product")
    if count > _MOST_PRODUCTS:
        raise typer.BadParameter(f"{file} holds {count} products; at once {_MOST_PRODUCTS} can be imported")
    size = ImportProductsRequest(products=sheet.products.values(), validate_only=True).ByteSize()
    if size > LARGEST_MESSAGE_BYTES:
        raise typer.BadParameter(
            f"the products of {file} take {size} bytes; at once {LARGEST_MESSAGE_BYTES} can be imported"
        )


async def _imported_as(
    who: str, settings: MeshSettings, sheet: Sheet, request: ImportProductsRequest
) -> tuple[ImportProductsResponse, Sequence[BadLine]]:
    async with channel_as(who, "inventory", settings) as channel:
        return await imported(CatalogServiceStub(channel), sheet, request)


async def imported(
    catalog: "CatalogServiceAsyncStub", sheet: Sheet, how: ImportProductsRequest
) -> tuple[ImportProductsResponse, Sequence[BadLine]]:
    """Import a sheet if nothing is wrong with it; its right lines the service checks in any case.

    Args:
        catalog: The service.
        sheet: The products.
        how: The request without its products.

    Returns:
        The service's answer, and all bad lines.
    """
    right, bad_lines = checked(sheet)
    lines, request = list(right), ImportProductsRequest(products=right.values())
    request.MergeFrom(how)
    request.validate_only = True
    answer = await catalog.ImportProducts(request) if lines else ImportProductsResponse()
    bad_lines += [
        BadLine(lines[each.index], column_of(each.field), in_options(each.description))
        for each in answer.problems
    ]
    if not bad_lines and not how.validate_only:
        request.validate_only = False
        answer = await catalog.ImportProducts(request)
    return answer, sorted(bad_lines)


def _show(answer: ImportProductsResponse, bad_lines: Sequence[BadLine], *, dry_run: bool) -> None:
    for bad in bad_lines:
        column = f"{bad.column} " if bad.column else ""
        typer.echo(f"line {bad.line}: {column}{bad.problem}")
    if bad_lines:
        note(f"{len({bad.line for bad in bad_lines})} bad lines: nothing was imported.")
        return
    begin = "Would be: " if dry_run else ""
    typer.echo(
        f"{begin}{answer.created_count} created, {answer.updated_count} updated,"
        f" {answer.unchanged_count} unchanged."
    )


def _print_json(answer: ImportProductsResponse, bad_lines: Sequence[BadLine], *, dry_run: bool) -> None:
    document = {
        "imported": not dry_run and not bad_lines,
        "createdCount": answer.created_count,
        "updatedCount": answer.updated_count,
        "unchangedCount": answer.unchanged_count,
        "badLines": [asdict(each) for each in bad_lines],
    }
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
