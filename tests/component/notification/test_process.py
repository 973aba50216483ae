"""The service as its own process, with nothing of the others around."""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub
from sqlalchemy import text

from mesh import sql
from mesh.event_log.sqlite.log import SqliteEventLog
from mesh.server.failpoints import EXIT_CODE
from mesh.topology import ORDER_EVENTS, grpc_port, metrics_port
from tests.support.events import DEADLINE_SECONDS, envelope, eventually, record
from tests.support.mail import ALICE, MUG_ORDER

CHECKOUT = Path(__file__).parents[3]
EUR_12_50 = {"currencyCode": "EUR", "units": "12", "nanos": 500_000_000}


def free_offset() -> int:
    """A port offset at which the service's ports are free."""
    for offset in range(2000 + os.getpid() % 5000, 14_000, 7):
        ports = (grpc_port("notification", 0, offset), metrics_port("notification", 0, offset))
        if all(is_free(port) for port in ports):
            return offset
    raise AssertionError("no free ports")


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@asynccontextmanager
async def started(home: Path, offset: int, **more: str) -> AsyncIterator[asyncio.subprocess.Process]:
    environ = {**os.environ, "SHOPMESH_HOME": str(home), "SHOPMESH_PORT_OFFSET": str(offset), **more}
    command = (sys.executable, "-m", "services.notification.server")
    process = await asyncio.create_subprocess_exec(
        *command, cwd=CHECKOUT, env=environ, stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        async with asyncio.timeout(DEADLINE_SECONDS):
            await process.wait()


async def is_serving(offset: int, name: str) -> bool:
    address = f"127.0.0.1:{grpc_port('notification', 0, offset)}"
    async with grpc.aio.insecure_channel(address) as channel:
        try:
            answer = await HealthStub(channel).Check(HealthCheckRequest(service=name), timeout=2)
        except grpc.aio.AioRpcError:
            return False
    return bool(answer.status == HealthCheckResponse.SERVING)


async def count(home: Path, what: str, *, database: str = "notification.db") -> int:
    path = home / "embedded" / database
    if not path.exists():
        return 0
    engine = sql.open_engine(sql.sqlite_url(path))
    async with sql.read(engine) as session:
        rows = await session.scalar(text(f"SELECT count(*) FROM {what}"))  # noqa: S608
    await engine.dispose()
    return int(rows or 0)


async def publish_order(home: Path) -> None:
    lines = [{"sku": "MUG-RED", "name": "Enamel mug, red", "quantity": 1}]
    placed = envelope("OrderPlaced", MUG_ORDER, 1, {"customerId": ALICE, "lines": lines})
    confirmed = envelope("OrderConfirmed", MUG_ORDER, 2, {"unitPrices": [EUR_12_50], "total": EUR_12_50})
    async with SqliteEventLog.opened(home / "embedded" / "event_log.db") as log:
        await log.publish(record(ORDER_EVENTS, placed))
        await log.publish(record(ORDER_EVENTS, confirmed))


async def test_it_starts_alone_and_says_what_works(tmp_path: Path) -> None:
    offset = free_offset()
    async with started(tmp_path, offset) as process:
        for name in ("", "notification", "notification.event_log", "notification.mailer"):
            await eventually(lambda name=name: is_serving(offset, name))  # type: ignore[misc]
        process.terminate()
        assert await asyncio.wait_for(process.wait(), DEADLINE_SECONDS) == 0


async def test_a_mail_server_that_is_away_shows_under_its_own_name_only(tmp_path: Path) -> None:
    offset = free_offset()
    async with started(tmp_path, offset, SHOPMESH_MAIL_URL="smtp://127.0.0.1:1?from=hello@shop.example"):
        await eventually(lambda: is_serving(offset, "notification.event_log"))
        assert await is_serving(offset, "")
        assert not await is_serving(offset, "notification.mailer")


async def test_a_process_that_dies_right_after_effects_has_them_once(tmp_path: Path) -> None:
    offset = free_offset()
    await publish_order(tmp_path)
    async with started(tmp_path, offset, FAILPOINT="effect_done") as process:
        assert await asyncio.wait_for(process.wait(), DEADLINE_SECONDS) == EXIT_CODE
    # Its two events were there from the beginning, and came together.
    assert await count(tmp_path, "inbox WHERE version = 2") == 1
    assert await count(tmp_path, "deliveries WHERE state = 'PENDING'") == 1

    async def goes_on() -> bool:
        return await count(tmp_path, "positions WHERE offset = 2", database="event_log_groups.db") == 1

    async with started(tmp_path, offset):
        await eventually(goes_on)
    assert await count(tmp_path, "deliveries") == 1
    assert await count(tmp_path, "parked") == 0


async def test_a_mail_url_that_cannot_be_used_is_refused_at_the_start(tmp_path: Path) -> None:
    async with started(tmp_path, free_offset(), SHOPMESH_MAIL_URL="smtp://") as process:
        assert await asyncio.wait_for(process.wait(), DEADLINE_SECONDS) == 1
