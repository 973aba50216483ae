"""Customers and staff who go on whatever happens: they place, repeat, cancel, ship and deliver orders."""

import itertools
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from random import Random
from typing import Any

import httpx

from tests.faults.history import PLACE, History
from tests.faults.tokens import Tokens
from tests.support.running_mesh import RunningMesh

CUSTOMERS = ("alice", "bob")
STAFF = "admin"
_ADDRESS = {
    "recipient": "Alice Adams",
    "line1": "Main Street 1",
    "city": "Berlin",
    "postalCode": "10115",
    "countryCode": "DE",
}
_AGAIN_SECONDS = 0.2
_LEISURE_SECONDS = 1.0
_CONFIRMED = "ORDER_STATE_CONFIRMED"


def order_of(request_id: str, lines: Mapping[str, int]) -> dict[str, Any]:
    """The body that places an order of SKUs in quantities."""
    listed = [{"sku": sku, "quantity": quantity} for sku, quantity in lines.items()]
    return {"requestId": request_id, "lines": listed, "shippingAddress": _ADDRESS}


class Shop:
    """The shop's REST calls, each recorded; `patience_seconds` is how long a caller waits for an answer."""

    def __init__(
        self, mesh: RunningMesh, history: History, tokens: Tokens, *, patience_seconds: float = 15
    ) -> None:
        self._mesh = mesh
        self._history = history
        self._tokens = tokens
        self._patience_seconds = patience_seconds

    def place(self, who: str, request_id: str, lines: Mapping[str, int]) -> dict[str, Any] | None:
        """Place an order; returns it, or None without an acknowledgement."""
        number = self._history.invoke(PLACE, who=who, requestId=request_id, lines=lines)
        return self._ask(number, who, "/v1/orders", order_of(request_id, lines))

    def change(self, who: str, verb: str, order_id: str, **body: Any) -> dict[str, Any] | None:
        """Cancel, ship or deliver an order."""
        number = self._history.invoke(verb, who=who, orderId=order_id, **body)
        return self._ask(number, who, f"/v1/orders/{order_id}:{verb}", body)

    def _ask(self, number: int, who: str, path: str, body: Mapping[str, Any]) -> dict[str, Any] | None:
        try:
            with self._mesh.http(self._tokens.of(who)) as client:
                answer = client.post(path, json=body, timeout=self._patience_seconds)
        except httpx.HTTPError as error:
            self._history.end(number, "unknown", why=type(error).__name__)
            return None
        if answer.status_code != httpx.codes.OK:
            refused = answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR
            self._history.end(number, "fail" if refused else "unknown", status=answer.status_code)
            return None
        order = dict(answer.json()["order"])
        self._history.end(number, "ok", orderId=order["orderId"], state=order["state"])
        return order


class Shoppers:
    """Several shoppers at once; what each of them wants follows from the seed.

    They order as fast as they can until there are as many orders as are wanted, then leisurely.
    """

    def __init__(self, shop: Shop, *, skus: Sequence[str], seed: int, at_once: int) -> None:
        self._shop = shop
        self._skus = skus
        self._seed = seed
        self._at_once = at_once
        self._stopped = threading.Event()
        self._wanted = 0
        self._placed = itertools.count(1)
        self.placed = 0

    @contextmanager
    def shopping(self) -> Iterator[None]:
        """Shop in the background until the block ends."""
        self._stopped.clear()
        with ThreadPoolExecutor(self._at_once) as pool:
            running: list[Future[None]] = [pool.submit(self._shopper, each) for each in range(self._at_once)]
            try:
                yield
            finally:
                self._stopped.set()
        for each in running:
            each.result()

    def want(self, orders: int) -> None:
        """Say how many orders there have to be soon, counted from the beginning."""
        self._wanted = orders

    def _shopper(self, number: int) -> None:
        wishes = Random(f"{self._seed}/{number}")
        who = CUSTOMERS[number % len(CUSTOMERS)]
        for count in itertools.count(1):
            if self._stopped.wait(_LEISURE_SECONDS if self.placed >= self._wanted else 0):
                return
            self.placed = next(self._placed)
            self._order(wishes, who, f"s{self._seed}-{number}-{count}")

    def _order(self, wishes: Random, who: str, request_id: str) -> None:
        chosen = wishes.sample(self._skus, min(len(self._skus), wishes.randint(1, 3)))
        lines = {sku: wishes.randint(1, 2) for sku in chosen}
        order = self._shop.place(who, request_id, lines)
        fate = wishes.random()
        if order is None:
            # What got no answer is asked again, as a browser does.
            time.sleep(_AGAIN_SECONDS)
            order = self._shop.place(who, request_id, lines)
        if order is not None and order["state"] == _CONFIRMED:
            self._go_on(order["orderId"], who, fate, chosen[0])

    def _go_on(self, order_id: str, who: str, fate: float, sku: str) -> None:
        if fate < 0.1 or 0.4 < fate < 0.5:
            # A parcel with a piece first; the same again, as somebody does who got no answer.
            parcel = {"shipmentId": "first", "lines": [{"sku": sku, "quantity": 1}]}
            for _ in range(2):
                self._shop.change(STAFF, "ship", order_id, **parcel)
        if fate < 0.2:
            self._shop.change(who, "cancel", order_id)
        elif fate < 0.5 and self._shop.change(STAFF, "ship", order_id) and fate < 0.35:
            self._shop.change(STAFF, "deliver", order_id)
