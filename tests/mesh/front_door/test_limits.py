"""Limits per client address, before anything else is looked at."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path

import httpx
import pytest
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

from mesh.client.http import http_client
from mesh.contract import Contract, LimitClass, LimitPer
from tests.mesh.front_door.proxy import Proxy, open_proxy
from tests.mesh.front_door.requests import call, path_of, reason
from tests.mesh.front_door.shop import Context, Shop, open_shop
from tests.support.ports import leased_offset

pytestmark = pytest.mark.asyncio(loop_scope="session")


@asynccontextmanager
async def limited(
    contract: Contract, folder: Path, **changes: tuple[int, int]
) -> AsyncIterator[tuple[Proxy, Shop, httpx.AsyncClient]]:
    """A mesh whose classes have other (rate per minute, burst)."""
    limits: Mapping[str, LimitClass] = {
        name: replace(limit, rate_per_minute=changes[name][0], burst=changes[name][1])
        if name in changes
        else limit
        for name, limit in contract.limit_classes.items()
    }
    with leased_offset() as offset:
        async with (
            open_shop(contract, offset) as shop,
            open_proxy(contract, folder, port_offset=offset, limits=limits) as proxy,
            http_client(proxy.url) as client,
        ):
            yield proxy, shop, client


async def test_registrations_beyond_the_burst_are_refused_with_the_wait(
    contract: Contract, tmp_path: Path
) -> None:
    async with limited(contract, tmp_path) as (_, shop, client):
        answers = await asyncio.gather(*(client.post("/v1/users", json={}) for _ in range(25)))

        assert Counter(answer.status_code for answer in answers) == {200: 20, 429: 5}
        assert len(shop.calls) == 20
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert (refused.json()["code"], reason(refused)) == (8, "RATE_LIMITED")
        assert refused.headers["retry-after"] == "6"
        assert refused.json()["details"][1] == {
            "@type": "type.googleapis.com/google.rpc.RetryInfo",
            "retryDelay": "6s",
        }
        # Other classes have buckets of their own.
        assert (await client.get("/v1/products")).status_code == 200


async def test_paths_of_one_class_share_its_bucket(contract: Contract, tmp_path: Path) -> None:
    sharing = [
        path_of(method)
        for method in contract.methods
        if method.binding is not None and method.policy.limit_class == "credentials"
    ]
    async with limited(contract, tmp_path, credentials=(1, 4)) as (_, _shop, client):
        answers = [await client.post(sharing[turn % len(sharing)], json={}) for turn in range(6)]

        assert len(sharing) > 1
        assert [answer.status_code for answer in answers] == [200] * 4 + [429] * 2


async def test_the_edge_class_counts_everything_even_what_does_not_exist(
    contract: Contract, tmp_path: Path
) -> None:
    async with limited(contract, tmp_path, edge=(1, 3)) as (proxy, shop, client):
        admitted = [await client.get(path) for path in ("/nothing", "/v1/orders", "/v1/products")]
        refused = [
            await client.get("/nothing"),
            await client.put("/v1/products"),
            await client.get("/v1/orders", headers={"authorization": "Bearer bad"}),
            await client.post(
                "/v1/orders", content=b"x", headers={**proxy.bearer(), "content-type": "text/plain"}
            ),
            await client.get("/session/login"),
        ]

        assert [answer.status_code for answer in admitted] == [404, 401, 200]
        assert [(answer.status_code, reason(answer)) for answer in refused] == [(429, "RATE_LIMITED")] * 5
        assert refused[0].headers["retry-after"] == "60"
        assert len(shop.calls) == 1


async def test_each_address_has_its_own_bucket_and_cannot_choose_it(
    contract: Contract, tmp_path: Path
) -> None:
    async with limited(contract, tmp_path, edge=(1, 2)) as (proxy, _shop, client):
        spoofed = {"x-forwarded-for": "10.1.2.3", "x-shopmesh-client-address": "10.1.2.3"}
        mine = [(await client.get("/v1/products", headers=spoofed)).status_code for _ in range(3)]
        neighbour = httpx.AsyncHTTPTransport(local_address="127.0.0.2")
        async with http_client(proxy.url, transport=neighbour) as other:
            theirs = [(await other.get("/v1/products")).status_code for _ in range(3)]

        assert mine == theirs == [200, 200, 429]


async def test_a_class_counted_by_caller_is_left_to_the_service(contract: Contract, tmp_path: Path) -> None:
    by_caller = {
        name: (1, 1)
        for name, limit in contract.limit_classes.items()
        if limit.per is not LimitPer.ADDRESS and limit.name not in _endpoint_classes(contract)
    }
    async with limited(contract, tmp_path, **by_caller) as (_, _shop, client):
        assert [(await client.get("/v1/products")).status_code for _ in range(5)] == [200] * 5


def _endpoint_classes(contract: Contract) -> set[str]:
    return {endpoint.limit_class for endpoint in contract.http_endpoints}


async def test_calls_that_would_only_wait_are_refused_at_once_and_others_go_on(
    contract: Contract, tmp_path: Path
) -> None:
    [bounded] = [name for name, limit in contract.limit_classes.items() if limit.max_concurrent_calls]
    method = next(each for each in contract.methods if each.policy.limit_class == bounded and each.binding)
    limits = {
        name: replace(limit, max_concurrent_calls=2) if name == bounded else limit
        for name, limit in contract.limit_classes.items()
    }
    go_on = asyncio.Event()
    with leased_offset() as offset:
        async with (
            open_shop(contract, offset) as shop,
            open_proxy(contract, tmp_path, port_offset=offset, limits=limits) as proxy,
            http_client(proxy.url) as client,
        ):

            async def wait(request: object, context: Context) -> Message:
                await go_on.wait()
                return GetMessageClass(method.output)()

            shop.answers[method.name] = wait
            sent = [asyncio.create_task(call(client, proxy, method)) for _ in range(5)]
            refused = [await each for each in islice(asyncio.as_completed(sent), 3)]
            browsed = await client.get("/v1/products")
            page = await call(client, proxy, method, headers={"accept": "text/html"})
            go_on.set()
            answers = await asyncio.gather(*sent)

    assert browsed.status_code == 200
    assert Counter(answer.status_code for answer in answers) == {200: 2, 429: 3}
    for each in refused:
        assert (each.json()["code"], reason(each)) == (8, "OVERLOADED")
        assert each.json()["details"][1]["retryDelay"] == "1s"
    for each in (*refused, page):
        assert (each.status_code, each.headers["retry-after"]) == (429, "1")
    assert "wait 1 second" in page.text
