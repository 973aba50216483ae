"""Whose address counts when proxies are in front of the front proxy, and who may say so."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from ipaddress import ip_network
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from mesh.client.http import http_client
from mesh.contract import Contract
from mesh.settings import TrustedProxies
from tests.mesh.front_door.proxy import EDGE_SECRET, Proxy, open_proxy
from tests.mesh.front_door.shop import Shop, open_shop
from tests.support.ports import leased_offset

pytestmark = pytest.mark.asyncio(loop_scope="session")

PEER, STRANGER = "127.0.0.1", "127.0.0.2"
CLIENT, FORGED = "203.0.113.7", "6.6.6.6"
NETWORKS = tuple(map(ip_network, (f"{PEER}/32", "10.0.0.0/8", "2001:db8:1::/48")))


@dataclass(frozen=True, slots=True)
class Door:
    """A front proxy, what is behind it, and two peers: `client` from PEER and `stranger` from STRANGER."""

    proxy: Proxy
    shop: Shop
    client: httpx.AsyncClient
    stranger: httpx.AsyncClient

    async def address(self, *forwarded_for: str, peer: httpx.AsyncClient | None = None) -> str:
        """The address that a service and the log are given for a request with these headers."""
        headers = [("x-forwarded-for", line) for line in forwarded_for]
        response = await (peer or self.client).get("/v1/products", headers=headers)
        seen = self.shop.last.metadata
        logged = await self.proxy.logged(response.headers["x-trace-id"])
        assert {seen["x-forwarded-for"], logged["address"]} == {seen["x-shopmesh-client-address"]}
        return str(logged["address"])


@asynccontextmanager
async def opened(
    contract: Contract, folder: Path, trusted: TrustedProxies, *, edge_burst: int = 100_000
) -> AsyncIterator[Door]:
    edge = replace(contract.limit_classes["edge"], rate_per_minute=1, burst=edge_burst)
    limits = {**contract.limit_classes, "edge": edge}
    elsewhere = httpx.AsyncHTTPTransport(local_address=STRANGER)
    with leased_offset() as offset:
        async with (
            open_shop(contract, offset) as shop,
            open_proxy(contract, folder, port_offset=offset, limits=limits, trusted_proxies=trusted) as proxy,
            http_client(proxy.url) as client,
            http_client(proxy.url, transport=elsewhere) as stranger,
        ):
            yield Door(proxy, shop, client, stranger)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def behind_one(contract: Contract, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    """With one proxy in front, which may have any address."""
    async with opened(contract, tmp_path_factory.mktemp("one"), 1) as door:
        yield door


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def behind_two(contract: Contract, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    async with opened(contract, tmp_path_factory.mktemp("two"), 2) as door:
        yield door


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def in_networks(contract: Contract, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    """With proxies in NETWORKS in front."""
    async with opened(contract, tmp_path_factory.mktemp("networks"), NETWORKS) as door:
        yield door


@pytest.mark.parametrize(
    ("forwarded_for", "address"),
    [
        ((CLIENT,), CLIENT),
        ((f"{FORGED}, {CLIENT}",), CLIENT),
        ((FORGED, CLIENT), CLIENT),
        ((f"junk, {CLIENT}",), CLIENT),
        (("2001:db8::7",), "2001:db8::7"),
        ((), PEER),
        (("",), PEER),
        ((f"{CLIENT}, junk",), PEER),
        ((f"{CLIENT},",), PEER),
        (("unknown",), PEER),
        ((f"{CLIENT}:4711",), PEER),
        (("1" * 5000,), PEER),
    ],
    ids=str,
)
async def test_one_proxy_is_believed_its_own_entry_only(
    behind_one: Door, forwarded_for: tuple[str, ...], address: str
) -> None:
    assert await behind_one.address(*forwarded_for) == address


@pytest.mark.parametrize(
    ("forwarded_for", "address"),
    [
        (f"{CLIENT}, 10.0.0.1", CLIENT),
        (f"{FORGED}, {CLIENT}, 10.0.0.1", CLIENT),
        (CLIENT, PEER),
    ],
)
async def test_two_proxies_are_believed_the_entry_of_the_outer_one(
    behind_two: Door, forwarded_for: str, address: str
) -> None:
    assert await behind_two.address(forwarded_for) == address


@pytest.mark.parametrize(
    ("forwarded_for", "address"),
    [
        ((CLIENT,), CLIENT),
        ((f"{FORGED}, {CLIENT}",), CLIENT),
        ((FORGED, CLIENT), CLIENT),
        ((f"{FORGED}, {CLIENT}, 10.1.2.3",), CLIENT),
        ((f"10.6.6.6, {CLIENT}, 10.1.2.3, 2001:db8:1::5",), CLIENT),
        ((f"junk, {CLIENT}, 10.1.2.3",), CLIENT),
        (("6666::6, 2001:db8:2::7, 2001:db8:1::5",), "2001:db8:2::7"),
        ((), PEER),
        ((f"{CLIENT}, junk",), PEER),
        ((f"{CLIENT}, junk, 10.1.2.3",), PEER),
        ((f"{CLIENT}:4711",), PEER),
    ],
    ids=str,
)
async def test_of_a_peer_in_a_trusted_network_the_last_address_outside_counts(
    in_networks: Door, forwarded_for: tuple[str, ...], address: str
) -> None:
    assert await in_networks.address(*forwarded_for) == address


@pytest.mark.parametrize(
    "forwarded_for", [CLIENT, f"{FORGED}, {CLIENT}", "10.1.2.3", f"{FORGED}, {PEER}", ""]
)
async def test_a_peer_outside_of_the_trusted_networks_has_its_own_address(
    in_networks: Door, forwarded_for: str
) -> None:
    assert await in_networks.address(forwarded_for, peer=in_networks.stranger) == STRANGER


async def test_every_other_header_that_only_the_mesh_may_send_is_still_dropped(
    behind_one: Door, in_networks: Door
) -> None:
    spoofed = {
        "x-forwarded-for": f"{FORGED}, {CLIENT}",
        "x-forwarded-": FORGED,
        "x-forwarded-fo": FORGED,
        "x-forwarded-fox": FORGED,
        "x-forwarded-foo": FORGED,
        "x-forwarded-form": FORGED,
        "x-forwarded-host": FORGED,
        "x-forwarded-port": FORGED,
        "x-forwarded-proto": "https",
        "x-forwarded-client-cert": FORGED,
        "x-shopmesh-client-address": FORGED,
        "x-shopmesh-edge": "guess",
        "x-envoy-external-address": FORGED,
        "x-envoy-internal": "true",
        "x-envoy-retry-on": "5xx",
        "forwarded": f"for={FORGED}",
        "x-real-ip": FORGED,
        "x-request-id": FORGED,
    }

    for door in (behind_one, in_networks):
        await door.client.get("/v1/products", headers=spoofed)
        seen = door.shop.last.metadata
        assert FORGED not in str(seen)
        assert (seen["x-shopmesh-client-address"], seen["x-shopmesh-edge"]) == (CLIENT, EDGE_SECRET)
        assert (seen["x-forwarded-for"], seen["x-forwarded-proto"]) == (CLIENT, "http")
        assert not {"x-envoy-internal", "x-envoy-retry-on"} & set(seen)
        assert not {name for name in seen if name.startswith("x-forwarded-")} - {
            "x-forwarded-for",
            "x-forwarded-proto",
        }


@pytest.mark.parametrize("trusted", [1, NETWORKS], ids=["number", "networks"])
async def test_clients_behind_one_proxy_have_limits_of_their_own_and_cannot_choose_them(
    contract: Contract, tmp_path: Path, trusted: TrustedProxies
) -> None:
    async with opened(contract, tmp_path, trusted, edge_burst=2) as door:

        async def statuses(client: str) -> list[int]:
            """Each request claims to come from yet another address."""
            claims = [{"x-forwarded-for": f"6.6.6.{turn}, {client}"} for turn in range(3)]
            return [(await door.client.get("/v1/products", headers=each)).status_code for each in claims]

        assert await statuses(CLIENT) == [200, 200, 429]
        assert await statuses("203.0.113.8") == [200, 200, 429]


async def test_a_peer_outside_of_the_trusted_networks_has_one_limit_for_all_its_claims(
    contract: Contract, tmp_path: Path
) -> None:
    async with opened(contract, tmp_path, NETWORKS, edge_burst=2) as door:
        claims = [{"x-forwarded-for": f"6.6.6.{turn}"} for turn in range(3)]
        answers = [await door.stranger.get("/v1/products", headers=each) for each in claims]

        assert [answer.status_code for answer in answers] == [200, 200, 429]
