"""Upgrades a mesh under load, service by service: `python -m tests.faults.upgrading COMMIT [ORDER …]`.

A mesh of an older commit comes up in a work tree of its own. Then the tree is brought to this commit and the
services are restarted one by one, while customers order, cancel and staff ships; afterwards all that began in
the old code has to come to rest in the new one, with every invariant kept and nothing parked. An ORDER is the
services' names with commas; none: all orders.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import permutations
from pathlib import Path
from uuid import uuid4

import grpc

from mesh.client.direct import DIRECT
from shopmesh.order.v1.order_service_pb2 import LineRequest, ShipOrderRequest
from shopmesh.order.v1.order_service_pb2_grpc import OrderServiceStub
from tests.faults.at_rest import require_none, violations_at_rest
from tests.faults.history import History
from tests.faults.products import make_product
from tests.faults.scenarios import all_ready
from tests.faults.shoppers import Shop, Shoppers
from tests.faults.stores import Stores
from tests.faults.tokens import Tokens
from tests.support.running_mesh import RunningMesh, up
from tests.support.waiting import until

_ROOT = Path(__file__).parents[2]
_FOLLOWING = ("order", "inventory", "notification")
_SKU = "FAULT-UPGRADED"
_PIECES = 5_000
_ORDERS_A_STEP = 15
_PATIENCE_SECONDS = 180


def main() -> None:
    """Upgrade in each order; the first one that does not go well ends it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("commit", help="what to upgrade from")
    parser.add_argument("orders", nargs="*", help="for example notification,order,inventory")
    given = parser.parse_args()
    orders = [tuple(each.split(",")) for each in given.orders] or list(permutations(_FOLLOWING))
    for number, order in enumerate(orders):
        with tempfile.TemporaryDirectory(prefix="upgrade-") as folder:
            upgrade(Path(folder), given.commit, order, seed=number)
        sys.stdout.write(f"{' → '.join(order)}: every invariant kept, nothing parked\n")
        sys.stdout.flush()


def upgrade(folder: Path, commit: str, order: Sequence[str], *, seed: int) -> None:
    """Bring the mesh of a commit up and upgrade its services in an order."""
    path = os.pathsep.join((str(folder / "code"), str(folder / "code" / "generated")))
    with (
        _work_tree(folder / "code", commit) as code,
        _within(code),
        up(folder / "home", PYTHONPATH=path) as mesh,
    ):
        history = History(folder / "history.jsonl")
        shop = Shop(mesh, history, Tokens(mesh))
        make_product(mesh, mesh.token("admin"), _SKU, pieces=_PIECES)
        shoppers = Shoppers(shop, skus=[_SKU, "MUG-RED"], seed=seed, at_once=2)
        with shoppers.shopping():
            _some_orders(shoppers)
            _git(code, "checkout", "-q", _git(_ROOT, "rev-parse", "HEAD"))
            for position, service in enumerate(order, start=1):
                _restart(mesh, service)
                _some_orders(shoppers)
                _check_parts(mesh, shop, upgraded=order[:position])
        mesh.run("down")
        mesh.run("up")
        _check_parts(mesh, shop, upgraded=_FOLLOWING)
        stores = Stores(mesh.home, mesh.variables)
        require_none(violations_at_rest(stores, history.answered, seconds=_PATIENCE_SECONDS))


@contextmanager
def _work_tree(code: Path, commit: str) -> Iterator[Path]:
    _git(_ROOT, "worktree", "add", "--detach", "-q", str(code), commit)
    try:
        yield code
    finally:
        _git(_ROOT, "worktree", "remove", "--force", str(code))


@contextmanager
def _within(folder: Path) -> Iterator[None]:
    """Processes look for code where they are started."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def _some_orders(shoppers: Shoppers) -> None:
    wanted = shoppers.placed + _ORDERS_A_STEP
    shoppers.want(wanted)
    until(lambda: shoppers.placed >= wanted, "more orders are placed", seconds=_PATIENCE_SECONDS)


def _restart(mesh: RunningMesh, service: str) -> None:
    before = mesh.parts()[service]
    os.kill(before["pid"], signal.SIGTERM)
    until(lambda: mesh.parts()[service]["pid"] not in (None, before["pid"]), f"{service} starts again")
    until(lambda: all_ready(mesh), "all parts are ready", seconds=_PATIENCE_SECONDS)


def _check_parts(mesh: RunningMesh, shop: Shop, *, upgraded: Sequence[str]) -> None:
    """A parcel is recorded once all who follow the order service can read of it, not before."""
    if "order" not in upgraded:
        return
    order = shop.place("alice", f"parts-{uuid4()}", {_SKU: 2})
    assert order is not None
    request = ShipOrderRequest(
        order_id=order["orderId"], shipment_id="parcel-1", lines=[LineRequest(sku=_SKU, quantity=1)]
    )
    if set(upgraded) >= set(_FOLLOWING):
        until(lambda: _ship(mesh, request) is grpc.StatusCode.OK, "a parcel is recorded")
    else:
        assert _ship(mesh, request) is grpc.StatusCode.UNAVAILABLE


def _ship(mesh: RunningMesh, request: ShipOrderRequest) -> grpc.StatusCode:
    metadata = (("authorization", f"Bearer {mesh.token('admin')}"),)
    with grpc.insecure_channel(mesh.grpc("order"), options=[DIRECT]) as channel:
        try:
            OrderServiceStub(channel).ShipOrder(request, timeout=5, metadata=metadata)
        except grpc.RpcError as error:
            return error.code()
    return grpc.StatusCode.OK


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(("git", "-C", str(folder), *arguments), capture_output=True, text=True, check=True)
    return done.stdout.strip()


if __name__ == "__main__":
    main()
