"""What a client of the mesh sends of itself."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from itertools import count
from pathlib import Path
from typing import Any

import grpc
import pytest

from interceptors.client.outgoing import outgoing_interceptors
from mesh.channels import Channels
from mesh.client.channel import open_channel
from mesh.client.tokens import ClientCredentials
from mesh.topology import grpc_port
from shopmesh.order.v1 import order_service_pb2, order_service_pb2_grpc
from tests.support.minting import ALICE
from tests.support.serving import Served

ORDER_ID = "0192f000-0000-7000-8000-000000000000"
REQUEST = order_service_pb2.GetOrderRequest(order_id=ORDER_ID)


@contextmanager
def granting(tokens: list[str]) -> Iterator[str]:
    """The URL of a token endpoint that grants one after the other."""

    class Endpoint(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.dumps({"access_token": tokens.pop(0), "expires_in": 300}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Endpoint) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/oauth2/token"
        finally:
            server.shutdown()
            serving.join()


async def test_a_token_that_is_refused_is_replaced_long_before_it_expires(
    served: Served, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("known to both")
    dated_wrongly = served.mint.user(ALICE, "orders", iat=int(time.time()) + 3600)
    seconds = count()
    tokens = [dated_wrongly, served.mint.user(ALICE, "orders")]
    with granting(tokens) as url:
        credentials = ClientCredentials(
            token_url=url,
            client_id="checkout",
            secret_file=secret,
            audience=None,
            monotonic=lambda: float(next(seconds)),
        )
        interceptors = outgoing_interceptors(credentials.token, credentials.refused)
        async with grpc.aio.insecure_channel(
            f"127.0.0.1:{served.port}", interceptors=list(interceptors)
        ) as channel:
            orders = order_service_pb2_grpc.OrderServiceStub(channel)
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await orders.GetOrder(REQUEST)

            answer = await orders.GetOrder(REQUEST)

    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
    assert answer.order.customer_id == ALICE
    assert not tokens


async def test_a_call_that_nobody_waits_for_any_more_is_cancelled_at_the_service_too() -> None:
    begun, given_up = asyncio.Event(), asyncio.Event()

    async def wait(_request: bytes, _context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            given_up.set()
        return b""

    async def token() -> str:
        return "any"

    server = grpc.aio.server()
    methods: Any = {"Wait": grpc.unary_unary_rpc_method_handler(wait)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Waiting", methods),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        interceptors = outgoing_interceptors(token)
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", interceptors=list(interceptors)) as channel:
            call: Any = channel.unary_unary("/test.Waiting/Wait")
            calling = asyncio.ensure_future(call(b""))
            async with asyncio.timeout(20):
                await begun.wait()
                calling.cancel()
                await given_up.wait()
    finally:
        await server.stop(0)


async def test_a_client_that_has_warmed_up_waits_for_nothing_at_its_first_call(
    served: Served, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("known to both")
    tokens = [served.mint.user(ALICE, "orders")]
    with granting(tokens) as url:
        credentials = ClientCredentials(
            token_url=url, client_id="checkout", secret_file=secret, audience=None
        )
        interceptors = outgoing_interceptors(credentials.token, credentials.refused)
        async with grpc.aio.insecure_channel(
            f"127.0.0.1:{served.port}", interceptors=list(interceptors)
        ) as channel:
            channels = Channels(
                channels={"order": channel, "user": channel},
                credentials={"order": credentials, "user": credentials},
            )
            orders = order_service_pb2_grpc.OrderServiceStub(channels.to("order"))

            await channels.warm_up()
            async with asyncio.timeout(10):
                await channel.channel_ready()

            answer = await orders.GetOrder(REQUEST)

    assert not tokens
    assert answer.order.customer_id == ALICE


async def test_a_proxy_of_the_environment_is_not_asked_for_a_service(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "grpc_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    offset = served.port - grpc_port("order")

    settings = replace(served.context.settings, port_offset=offset)
    async with open_channel("order", settings) as channel:
        stub = order_service_pb2_grpc.OrderServiceStub(channel)
        line = order_service_pb2.LineRequest(sku="MUG-RED", quantity=1)
        await stub.QuoteOrder(order_service_pb2.QuoteOrderRequest(lines=[line]), timeout=20)
