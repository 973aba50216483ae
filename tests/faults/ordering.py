"""Customers who keep ordering whatever happens, and remember what they were told."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event

import httpx

from tests.faults.checker import violations
from tests.faults.stores import Stores
from tests.support.running_mesh import RunningMesh
from tests.support.waiting import until

_ADDRESS = {
    "recipient": "Alice Adams",
    "line1": "Main Street 1",
    "city": "Berlin",
    "postalCode": "10115",
    "countryCode": "DE",
}


@dataclass(slots=True)
class Customers:
    """Place orders of one MUG-RED each.

    Attributes:
        mesh: Where they order.
        token: With which token.
        acknowledged: The orders that were answered with 200: order id to request id.
        unknown: Request ids whose answer did not come.
    """

    mesh: RunningMesh
    token: str
    acknowledged: dict[str, str] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)

    def order(self, request_id: str) -> int:
        """Place one order, without trying again; returns the status, 0 for none."""
        body = {
            "requestId": request_id,
            "lines": [{"sku": "MUG-RED", "quantity": 1}],
            "shippingAddress": _ADDRESS,
        }
        try:
            with self.mesh.http(self.token) as client:
                answer = client.post("/v1/orders", json=body)
        except httpx.HTTPError:
            self.unknown.append(request_id)
            return 0
        if answer.status_code == 200:
            self.acknowledged[answer.json()["order"]["orderId"]] = request_id
        else:
            self.unknown.append(request_id)
        return answer.status_code

    @contextmanager
    def keep_ordering(self, prefix: str, at_once: int = 3) -> Iterator[None]:
        """Order in the background until the block ends."""
        done = Event()

        def customer(number: int) -> None:
            count = 0
            while not done.is_set():
                count += 1
                self.order(f"{prefix}-{number}-{count}")

        with ThreadPoolExecutor(at_once) as pool:
            running = [pool.submit(customer, number) for number in range(at_once)]
            try:
                yield
            finally:
                done.set()
        for each in running:
            each.result()

    def settle(self, *, seconds: float = 90) -> None:
        """Wait until the mesh is at rest with every invariant kept; fail with what is not."""
        stores = Stores(self.mesh.home)

        def kept() -> bool:
            return not any(violations(stores, self.acknowledged).values())

        try:
            until(kept, "every invariant holds", seconds=seconds)
        except AssertionError as late:
            found = {
                name: all_of[:3] for name, all_of in violations(stores, self.acknowledged).items() if all_of
            }
            raise AssertionError(f"{late}: {found}") from None
