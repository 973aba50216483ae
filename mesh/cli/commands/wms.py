"""`wms`: a warehouse system to try the stock feed with."""

import asyncio
import json
import random
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

import typer
from google.protobuf.json_format import MessageToDict

from mesh.channels import Channels
from mesh.cli.console import note
from mesh.cli.context import running_settings_of
from mesh.cli.login.credentials import client_secret
from mesh.cli.login.oauth import token_of_client
from mesh.cli.shipped_lines import shipped_line
from mesh.cli.table import show_table
from mesh.cli.wms_channel import WMS, channel_as_wms
from mesh.client.http import http_client
from mesh.launcher.errors import LaunchError
from mesh.settings import MeshSettings
from mesh.simulator.faults import FaultProfile
from mesh.simulator.first_counts import shelves_of, some_skus
from mesh.simulator.picking import PickedLine, PickFaults
from mesh.simulator.simulation import Plan, Simulation, Tally
from mesh.simulator.transports import RestTransport, StreamTransport, Transport
from mesh.simulator.warehouse import Warehouse
from shopmesh.inventory.v1.catalog_service_pb2_grpc import CatalogServiceStub
from shopmesh.inventory.v1.inventory_service_pb2_grpc import InventoryServiceStub
from shopmesh.inventory.v1.wms_service_pb2 import ReconcileStockRequest, ReconcileStockResponse
from shopmesh.inventory.v1.wms_service_pb2_grpc import WmsServiceStub

_DRIFT = 1
_TIMEOUT_SECONDS = 30.0

app = typer.Typer(help="Simulate the warehouse system.", no_args_is_help=True)


def picked_line(text: str) -> PickedLine:
    """Read `0192f000-0000-5000-8000-000000000001:MUG-RED=2`."""
    order_id, _, rest = text.partition(":")
    try:
        line = shipped_line(rest)
        return PickedLine(str(uuid.UUID(order_id)), line.sku, line.pieces)
    except (ValueError, typer.BadParameter):
        example = "0192f000-0000-5000-8000-000000000001:MUG-RED=2"
        raise typer.BadParameter(
            f"{text!r} is not an order, a SKU and pieces, for example {example}"
        ) from None


@app.callback()
def wms() -> None:
    """Keep `simulate` a command of its own."""


@app.command()
def simulate(
    context: typer.Context,
    *,
    rate: Annotated[float, typer.Option(min=0.1, max=500, help="Updates a second.")] = 20,
    seconds: Annotated[float, typer.Option(min=0.1, help="For how long things happen.")] = 10,
    count: Annotated[
        int | None, typer.Option(min=0, help="How many things happen, instead of --seconds.")
    ] = None,
    duplicates: Annotated[float, typer.Option(min=0, max=1, help="Share of updates said twice.")] = 0,
    disorder: Annotated[
        float, typer.Option(min=0, max=1, help="Share of updates overtaken by later ones.")
    ] = 0,
    pauses: Annotated[
        float, typer.Option(min=0, max=1, help="Share of turns that begin with up to 2 s of silence.")
    ] = 0,
    restores: Annotated[
        float,
        typer.Option(min=0, max=1, help="Share of turns before which a warehouse is restored."),
    ] = 0,
    jumps: Annotated[
        float, typer.Option(min=0, max=1, help="Share of turns before which an absurd sequence is sent.")
    ] = 0,
    old_epochs: Annotated[
        float, typer.Option(min=0, max=1, help="Share of turns before which an ended epoch is repeated.")
    ] = 0,
    sku: Annotated[list[str] | None, typer.Option(help="Of this SKU; may be repeated.")] = None,
    skus: Annotated[int, typer.Option(min=1, max=100, help="Without --sku: of so many products.")] = 10,
    shipped: Annotated[
        list[str] | None, typer.Option(metavar="ORDER", help="An order that the first counts name.")
    ] = None,
    pick: Annotated[
        list[PickedLine] | None,
        typer.Option(
            metavar="ORDER:SKU=PIECES", parser=picked_line, help="What leaves for an order; may be repeated."
        ),
    ] = None,
    short: Annotated[float, typer.Option(min=0, max=1, help="Share of picks with fewer pieces.")] = 0,
    over: Annotated[float, typer.Option(min=0, max=1, help="Share of picks with more pieces.")] = 0,
    splits: Annotated[
        float, typer.Option(min=0, max=1, help="Share of picks that leave in several parcels.")
    ] = 0,
    seed: Annotated[int | None, typer.Option(help="The same seed, the same happenings.")] = None,
    push: Annotated[bool, typer.Option("--push", help="By REST instead of a gRPC stream.")] = False,
    snapshot: Annotated[
        Path | None, typer.Option(help="Where to write the numbers, for `stock reconcile`.")
    ] = None,
) -> None:
    """Report to the shop what happens in a warehouse; exits with 0 when both agree in the end."""
    chosen_seed = random.SystemRandom().randrange(2**32) if seed is None else seed
    note(f"seed {chosen_seed}")
    settings = running_settings_of(context)
    faults = FaultProfile(
        duplicates=duplicates,
        disorder=disorder,
        pauses=pauses,
        restores=restores,
        jumps=jumps,
        old_epochs=old_epochs,
    )
    happenings = round(rate * seconds) if count is None else count
    plan = Plan(
        rate=rate,
        count=happenings,
        faults=faults,
        shipped=tuple(shipped or ()),
        picked=tuple(pick or ()),
        pick_faults=PickFaults(short=short, over=over, splits=splits),
    )
    sku = [*dict.fromkeys([*(sku or ()), *(each.sku for each in plan.picked)])]
    chance = random.Random(chosen_seed)  # noqa: S311 - nothing secret comes of it
    warehouse, tally, found = asyncio.run(_played(settings, plan, chance, sku or (), skus, push=push))
    if snapshot is not None:
        _write(warehouse, snapshot)
    _show(tally, found)
    if found.drift:
        raise typer.Exit(_DRIFT)


async def _played(
    settings: MeshSettings, plan: Plan, chance: random.Random, wanted: Sequence[str], most: int, *, push: bool
) -> tuple[Warehouse, Tally, ReconcileStockResponse]:
    async with channel_as_wms(settings) as channels, _transport(settings, channels, push=push) as transport:
        inventory = channels.to("inventory")
        skus = wanted or await some_skus(CatalogServiceStub(inventory), most)
        shelves = await shelves_of(InventoryServiceStub(inventory), transport, skus)
        if not shelves:
            raise LaunchError("None of these products lies in any warehouse.", "Give others: --sku")
        warehouse = Warehouse(shelves, chance)
        simulation = Simulation(
            warehouse=warehouse, transport=transport, plan=plan, chance=chance, monotonic=time.monotonic
        )
        tally = await simulation.run()
        lines = list(warehouse.snapshot())
        found = await WmsServiceStub(inventory).ReconcileStock(
            ReconcileStockRequest(lines=lines, repair=False)
        )
        return warehouse, tally, found


@asynccontextmanager
async def _transport(settings: MeshSettings, channels: Channels, *, push: bool) -> AsyncIterator[Transport]:
    if not push:
        stream = StreamTransport(channels.to("inventory"))
        yield stream
        await stream.close()
        return

    async def token() -> str:
        return await token_of_client(settings.issuer, WMS, client_secret(settings, WMS), audience=None)

    async with http_client(settings.issuer, timeout=_TIMEOUT_SECONDS) as client:
        yield RestTransport(client, token)


def _write(warehouse: Warehouse, file: Path) -> None:
    lines = [MessageToDict(line, always_print_fields_with_no_presence=True) for line in warehouse.snapshot()]
    file.write_text(json.dumps({"lines": lines}, indent=2) + "\n", encoding="utf-8")


def _show(tally: Tally, found: ReconcileStockResponse) -> None:
    numbers = {"happened": tally.happened, "said": tally.sent, "resent": tally.resent, **tally.results}
    show_table(("what", "updates"), ((name.lower(), str(number)) for name, number in numbers.items()))
    for reason, times in tally.reasons.most_common(5):
        typer.echo(f"{times} times: {reason}")
    for each in found.drift:
        differing = f"the shop has {each.shop_on_hand}, the warehouse {each.warehouse_on_hand}"
        typer.echo(f"{each.sku} in {each.warehouse}: {differing}")
    note(f"{found.compared} numbers compared, {len(found.drift)} differ.")
