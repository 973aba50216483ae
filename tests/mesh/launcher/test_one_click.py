"""A mail provider unsubscribes for a customer, as the mail says: by TLS and through the front proxy."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID, uuid5

import httpx
import pytest
import trustme
from fast_mail_parser import parse_email

from tests.e2e.shop import HOME, JSON, answered
from tests.support.running_mesh import RunningMesh, up
from tests.support.tcp_proxy import tcp_proxy
from tests.support.waiting import until

pytestmark = pytest.mark.timeout(240)


@dataclass(frozen=True, slots=True)
class Site:
    """A shop behind TLS.

    Attributes:
        url: As customers and mail providers know it.
        trust: Whom these trust.
    """

    mesh: RunningMesh
    url: str
    trust: ssl.SSLContext


@pytest.fixture(scope="module")
def running_mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMesh]:
    with up(tmp_path_factory.mktemp("one-click") / "home") as mesh:
        yield mesh


@pytest.fixture
async def site(running_mesh: RunningMesh) -> AsyncIterator[Site]:
    authority = trustme.CA()
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("localhost").configure_cert(server)
    authority.configure_trust(client)
    door = int(running_mesh.url.rpartition(":")[2])
    async with tcp_proxy(door, tls=server) as terminator:
        url = f"https://localhost:{terminator.port}"
        behind_tls = {**running_mesh.variables, "SHOPMESH_PUBLIC_URL": url}
        mesh = replace(running_mesh, variables=behind_tls)
        await asyncio.to_thread(mesh.run, "restart", "notification")
        yield Site(mesh, url, client)


def taken_back(alice: httpx.Client, number: int) -> str:
    """An order that is placed and cancelled; its id."""
    order = {"requestId": f"one-click-{number}", "lines": [{"sku": "MUG-RED", "quantity": 1}]}
    placed: JSON = answered(alice.post("/v1/orders", json={**order, "shippingAddress": HOME}))["order"]
    answered(alice.post(f"/v1/orders/{placed['orderId']}:cancel", json={}))
    return str(placed["orderId"])


def mail_about(mesh: RunningMesh, order_id: str, template: str) -> bytes:
    file: Path = mesh.home / "mail" / f"{uuid5(UUID(order_id), template)}.eml"
    until(file.exists, f"{template} is mailed")
    return file.read_bytes()


async def test_what_a_mail_names_ends_its_kind_of_mails(site: Site) -> None:
    with site.mesh.http(await asyncio.to_thread(site.mesh.token, "alice")) as alice:
        first = await asyncio.to_thread(taken_back, alice, 1)
        mail = parse_email(await asyncio.to_thread(mail_about, site.mesh, first, "order_cancelled"))
        link = mail.headers["List-Unsubscribe"][0].strip().strip("<>")
        name, _, value = mail.headers["List-Unsubscribe-Post"][0].partition("=")

        async with httpx.AsyncClient(verify=site.trust, trust_env=False, timeout=30) as provider:
            looked = await provider.get(link)
            before = answered(alice.get("/v1/users/me/notification-preferences"))["preferences"]
            posted = await provider.post(link, files={name: (None, value)})

        after = answered(alice.get("/v1/users/me/notification-preferences"))["preferences"]
        second = await asyncio.to_thread(taken_back, alice, 2)
        await asyncio.to_thread(mail_about, site.mesh, second, "order_confirmed")
        until(lambda: "SUPPRESSED" in _states(alice), "the mail of the cancellation is left")

    assert link.startswith(f"{site.url}/mail/unsubscribe?")
    assert (looked.status_code, posted.status_code) == (200, 200)
    assert not {"location", "set-cookie"} & set(posted.headers)
    assert before == {"orderUpdates": True, "shippingUpdates": True}
    assert after == {"orderUpdates": False, "shippingUpdates": True}


def _states(alice: httpx.Client) -> set[str]:
    found = answered(alice.get("/v1/notifications"))["notifications"]
    return {each["state"].removeprefix("DELIVERY_STATE_") for each in found}
