"""One front proxy and one stub shop for all tests of this folder."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from mesh.client.http import http_client
from mesh.contract import Contract, load_contract
from tests.mesh.front_door.provider import Provider, open_provider
from tests.mesh.front_door.proxy import Proxy, open_proxy
from tests.mesh.front_door.shop import Shop, open_shop
from tests.support.ports import leased_offset


@pytest.fixture(scope="package")
def contract() -> Contract:
    return load_contract()


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def running(
    contract: Contract, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Proxy, Shop, Provider]]:
    """The front proxy, with limits that no test reaches by accident, and the shop behind it."""
    limits = {
        name: replace(limit, rate_per_minute=6_000_000, burst=100_000)
        for name, limit in contract.limit_classes.items()
    }
    folder: Path = tmp_path_factory.mktemp("front_door")
    with leased_offset() as offset:
        async with (
            open_shop(contract, offset) as shop,
            open_provider(offset) as provider,
            open_proxy(contract, folder, port_offset=offset, limits=limits) as proxy,
        ):
            yield proxy, shop, provider


@pytest.fixture
def proxy(running: tuple[Proxy, Shop, Provider]) -> Proxy:
    return running[0]


@pytest.fixture
def shop(running: tuple[Proxy, Shop, Provider]) -> Shop:
    running[1].forget()
    return running[1]


@pytest.fixture
def provider(running: tuple[Proxy, Shop, Provider]) -> Provider:
    running[2].forget()
    return running[2]


@pytest_asyncio.fixture(loop_scope="session")
async def client(proxy: Proxy) -> AsyncIterator[httpx.AsyncClient]:
    """A caller of the public port; follows no redirect."""
    async with http_client(proxy.url) as caller:
        yield caller
