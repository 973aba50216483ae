"""A rebuild of many events while customers order: `python -m tests.faults.rebuilding --events 100000`.

Fills the event store of a mesh of its own with delivered orders, rebuilds the index under live writes,
and looks on: staff finds orders at every instant, and at rest the index is what the events make.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.commits import EVENTS_PER_ORDER, new_order
from mesh.settings import MeshSettings
from services.order.config import Settings
from services.order.stores import open_stores
from tests.faults.history import History
from tests.faults.invariants_of_orders import misfolded
from tests.faults.products import make_products
from tests.faults.sampling import sampled
from tests.faults.shoppers import STAFF, Shop, Shoppers
from tests.faults.snapshot import Snapshot
from tests.faults.stores import MONGODB, Stores
from tests.faults.tokens import Tokens
from tests.support.running_mesh import RunningMesh, up

_AT_ONCE = 1000
_PIECES = 20_000
_SHOPPERS = 4
_REST_SECONDS = 60.0


def main() -> None:
    """Fill, rebuild, print, and say by the exit code whether the index is right."""
    options = _options()
    home = Path(tempfile.mkdtemp(prefix="shopmesh-rebuilding-")) / "home"
    with up(home, "--profile", "real") as mesh:
        stores = Stores(mesh.home, mesh.variables)
        asyncio.run(fill(mesh, stores, events=options.events))
        _say(f"{options.events} events are stored")
        wrong = list(rebuilt(mesh, stores, seed=options.seed))
    _say(f"{len(wrong)} wrong")
    sys.stdout.writelines(f"  {each}\n" for each in wrong)
    sys.exit(bool(wrong))


async def fill(mesh: RunningMesh, stores: Stores, *, events: int) -> None:
    """Store orders that were delivered, beside the service and without its index."""
    environ = {**os.environ, "SHOPMESH_HOME": str(mesh.home), MONGODB: stores.url(MONGODB) or ""}
    async with open_stores(Settings.of(MeshSettings.from_environ(environ))) as opened:
        for _ in range(0, events, _AT_ONCE):
            orders = [await new_order() for _ in range(_AT_ONCE // EVENTS_PER_ORDER)]
            await opened.events.restore([commit for order in orders for commit in order])


def rebuilt(mesh: RunningMesh, stores: Stores, *, seed: int) -> Iterator[str]:
    """Rebuild once before anybody looks, then again while customers order; what is wrong with it."""
    history, tokens = History(mesh.home.with_name("history.jsonl")), Tokens(mesh)
    skus = make_products(mesh, tokens.of(STAFF), pieces=_PIECES)
    shoppers = Shoppers(Shop(mesh, history, tokens), skus=skus, seed=seed, at_once=_SHOPPERS)
    shoppers.want(_PIECES)
    mesh.run("orders", "rebuild")
    with sampled(lambda: _unfound(mesh, tokens.of(STAFF))) as unfound, shoppers.shopping():
        begin, before = time.monotonic(), shoppers.placed
        mesh.run("orders", "rebuild")
        seconds, placed = time.monotonic() - begin, shoppers.placed - before
    _say(f"rebuilt in {seconds:.0f} s, {placed} orders placed meanwhile")
    yield from unfound
    end = time.monotonic() + _REST_SECONDS
    while (wrong := list(misfolded(Snapshot.of(stores)))) and time.monotonic() < end:
        pass
    yield from wrong


def _unfound(mesh: RunningMesh, token: str) -> Iterator[str]:
    with mesh.http(token) as staff:
        answer = staff.get("/v1/orders:search", params={"state": "ORDER_STATE_DELIVERED", "pageSize": 50})
    if answer.status_code != 200 or len(answer.json().get("orders", [])) < 50:
        yield f"staff found {answer.status_code} {answer.text[:80]}"


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.rebuilding", description=__doc__)
    parser.add_argument("--events", type=int, default=100_000, help="how many are stored before")
    parser.add_argument("--seed", type=int, default=1, help="of the customers")
    return parser.parse_args()


if __name__ == "__main__":
    main()
