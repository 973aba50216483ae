"""Somebody whom anything may happen to, with objects that a request can name."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from tests.e2e.people import Person, joined
from tests.e2e.shop import HOME, Login, Store, answered, place
from tests.support.running_mesh import RunningMesh


@dataclass(frozen=True, slots=True)
class Subject:
    """An account with every scope, an order on its way and an address.

    Attributes:
        ids: `sku`, `order_id`, `address_id`, `user_id`.
    """

    person: Person
    ids: Mapping[str, str]

    @property
    def token(self) -> str:
        assert isinstance(self.person.client.auth, Login)
        return self.person.client.auth.token()


@contextmanager
def all_powerful(mesh: RunningMesh, admin: httpx.Client, store: Store, other: str) -> Iterator[Subject]:
    """Make such an account; `user_id` names `other`, whose rights are nobody's concern."""
    scopes = answered(admin.get("/v1/users/me"))["user"]["scopes"]
    with joined(mesh) as person:
        path = f"/v1/users/{person.user_id}:grantScopes"
        answered(admin.post(path, json={"scopes": scopes}))
        person.client.auth = Login(lambda: mesh.token(person.email, password=person.password))
        sku = store.product(berlin=100)
        # Who has an order on its way cannot be erased.
        place(person.client, (sku, 1))
        address = answered(person.client.post("/v1/users/me/addresses", json=HOME))["address"]
        ids = {
            "sku": sku,
            "order_id": place(person.client, (sku, 1))["orderId"],
            "address_id": address["addressId"],
            "user_id": other,
        }
        yield Subject(person, ids)
