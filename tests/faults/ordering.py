"""Customers who keep ordering mugs during faults, and record their answers."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

from tests.faults.at_rest import require_none, violations_at_rest
from tests.faults.history import Answered, History
from tests.faults.products import LASTING
from tests.faults.shoppers import Shop
from tests.faults.stores import Stores
from tests.faults.tokens import Tokens
from tests.support.running_mesh import RunningMesh
from tests.support.waiting import until

MUG = "MUG-RED"


class Customers:
    """Place orders of one mug each, without trying again."""

    def __init__(self, mesh: RunningMesh, who: str) -> None:
        """Let an account order.

        Args:
            mesh: Where.
            who: The name of a demo account.
        """
        self._mesh = mesh
        self._who = who
        self._history = History(mesh.home.with_name(f"{mesh.home.name}-history.jsonl"))
        tokens = Tokens(mesh)
        tokens.of(who)
        self._shop = Shop(mesh, self._history, tokens)

    @property
    def answered(self) -> Answered:
        return self._history.answered()

    def keep_trying(self, times: int) -> None:
        """Wait until so many more orders were tried, whatever became of them."""
        enough = self._tried() + times
        until(lambda: self._tried() >= enough, f"{times} more orders are tried", seconds=60)

    def order(self, request_id: str, sku: str = MUG, quantity: int = 1) -> str:
        """Place one order; returns its id, empty without an acknowledgement."""
        order = self._shop.place(self._who, request_id, {sku: quantity})
        return str(order["orderId"]) if order else ""

    @contextmanager
    def keep_ordering(self, prefix: str, at_once: int = 3) -> Iterator[None]:
        """Order in the background until the block ends, of the product of `make_lasting_product`."""
        done = Event()

        def customer(number: int) -> None:
            count = 0
            while not done.is_set():
                count += 1
                self.order(f"{prefix}-{number}-{count}", LASTING)

        with ThreadPoolExecutor(at_once) as pool:
            running = [pool.submit(customer, number) for number in range(at_once)]
            try:
                yield
            finally:
                done.set()
        for each in running:
            each.result()

    def _tried(self) -> int:
        return sum(self._history.counts().values())

    def wait_until_quiet(self, *, seconds: float = 90) -> None:
        """Wait until the mesh is at rest with every invariant kept; fail with what is not."""
        stores = Stores(self._mesh.home, self._mesh.variables)
        require_none(violations_at_rest(stores, lambda: self.answered, seconds=seconds))
