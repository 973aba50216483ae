"""Asks a part whether it is ready."""

from urllib.parse import urlsplit

import grpc
import httpx
from grpc_health.v1 import health_pb2, health_pb2_grpc

_PATIENCE_SECONDS = 1.0


async def is_ready(ready_url: str) -> bool:
    """Ask once: `grpc://host:port` by grpc.health.v1, `http://…` by a GET that answers 200."""
    match urlsplit(ready_url).scheme:
        case "grpc":
            return await serving(urlsplit(ready_url).netloc)
        case _:
            return await _answers_ok(ready_url)


async def serving(address: str, service: str = "") -> bool:
    """Whether a gRPC server says that a service (by default: all of it) is SERVING."""
    request = health_pb2.HealthCheckRequest(service=service)
    async with grpc.aio.insecure_channel(address) as channel:
        try:
            answer = await health_pb2_grpc.HealthStub(channel).Check(request, timeout=_PATIENCE_SECONDS)
        except grpc.aio.AioRpcError:
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


async def _answers_ok(url: str) -> bool:
    async with httpx.AsyncClient(timeout=_PATIENCE_SECONDS, trust_env=False) as client:
        try:
            return (await client.get(url)).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False
