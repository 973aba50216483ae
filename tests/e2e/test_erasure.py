"""An erased account is forgotten by every reader and every byte of the stores."""

import secrets
import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import httpx

from mesh.settings import MeshSettings
from tests.e2e.people import Person, joined, mails_to
from tests.e2e.shop import HOME, Store, answered, place
from tests.support.running_mesh import RunningMesh
from tests.support.waiting import until


def planted() -> str:
    return f"planted{secrets.token_hex(6)}"


def files_with(folder: Path, values: Sequence[str]) -> list[str]:
    """Which files contain one of the values; the folder of sent mails stands for people's mailboxes."""
    needles = [value.encode() for value in values]
    return [
        f"{path.relative_to(folder)} has {needle.decode()}"
        for path in folder.rglob("*")
        if path.is_file() and "mail" not in path.relative_to(folder).parts
        for needle in needles
        if needle in path.read_bytes()
    ]


def forget_last_mail(mesh: RunningMesh, email: str) -> None:
    """One address is kept for the last mail, for a day at most; then it is cleaned up as here."""

    def kept() -> list[tuple[str, int]]:
        with closing(sqlite3.connect(MeshSettings(home=mesh.home).database("user"))) as database:
            query = "SELECT contact_id, expire_time FROM kept_contacts WHERE email = ?"
            return database.execute(query, (email,)).fetchall()

    ((contact_id, expire_time),) = kept()
    assert expire_time / 1_000_000 <= time.time() + 24 * 3600
    until(lambda: any("erased" in mail["subject"] for mail in mails_to(mesh, email)), "the last mail is sent")
    with closing(sqlite3.connect(MeshSettings(home=mesh.home).database("user"))) as database, database:
        database.execute("PRAGMA secure_delete = ON")
        database.execute("DELETE FROM kept_contacts WHERE contact_id = ?", (contact_id,))


def delivered_order(mesh: RunningMesh, store: Store, person: Person, values: Sequence[str]) -> str:
    """An order to an address of planted values that has come to its end, all mails included."""
    recipient, line1, line2, city, region, postal_code = values
    # Of Bolivia anything is a postal code.
    address = HOME | {"countryCode": "BO", "recipient": recipient, "line1": line1, "line2": line2}
    address |= {"city": city, "region": region}
    sku = store.product(berlin=5)
    order = place(person.client, (sku, 1), shippingAddress=address | {"postalCode": postal_code})
    answered(store.ship(order["orderId"]))
    answered(store.deliver(order["orderId"]))
    # Verification, confirmed, shipped.
    until(lambda: len(mails_to(mesh, person.email)) >= 3, "all mails of the order are sent")
    return str(order["orderId"])


def test_nothing_of_an_erased_customer_is_left_in_any_store(
    running_mesh: RunningMesh, store: Store, admin: httpx.Client
) -> None:
    email, name, address = f"{planted()}@example.com", planted(), [planted()[:16] for _ in range(6)]
    with joined(running_mesh, name, email=email) as person:
        answered(
            person.client.patch(
                "/v1/users/me", json={"user": {"displayName": name}, "updateMask": "displayName"}
            )
        )
        answered(
            person.client.post(
                "/v1/users/me/addresses",
                json=HOME | {"recipient": address[0], "line1": address[1]},
            )
        )
        order_id = delivered_order(running_mesh, store, person, address)
        values = [email.partition("@")[0], name, *address]
        assert files_with(running_mesh.home, values), "the search finds nothing, whatever is there"

        answered(person.client.delete("/v1/users/me"))

    forget_last_mail(running_mesh, email)
    until(lambda: not files_with(running_mesh.home, values), "every store has forgotten the customer")
    order = answered(admin.get("/v1/orders:search", params={"customerId": person.user_id}))["orders"][0]
    assert (order["orderId"], order["state"]) == (order_id, "ORDER_STATE_DELIVERED")
    assert not order.get("shippingAddress")
    assert answered(admin.get(f"/v1/orders/{order_id}:verify"))["valid"]
    history = answered(admin.get(f"/v1/orders/{order_id}/history"))["events"]
    assert history[0]["data"]["personalDataErased"]
