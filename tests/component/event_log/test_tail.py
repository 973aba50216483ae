"""`shopmesh events tail`, on the embedded event log and on Kafka."""

import asyncio
import json
import os
import sys
import uuid
from pathlib import Path

import pytest

from mesh.event_log import open_event_log
from mesh.settings import MeshSettings
from mesh.topology import ORDER_EVENTS
from tests.support.events import envelope, record

SHOPMESH = Path(sys.executable).parent / "shopmesh"
SECONDS = 60.0


@pytest.fixture(params=["sqlite", "kafka"])
def environ(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    home = {"SHOPMESH_HOME": str(tmp_path)}
    if request.param == "sqlite":
        return home
    return {**home, "SHOPMESH_KAFKA_URL": request.getfixturevalue("kafka").url}


async def test_the_events_of_a_key_are_printed_from_the_first_and_as_they_come(
    environ: dict[str, str],
) -> None:
    order = f"order-{uuid.uuid4()}"
    async with open_event_log(MeshSettings.from_environ(environ)) as log:
        await log.publish(record(ORDER_EVENTS, envelope("OrderPlaced", "another", 1)))
        await log.publish(record(ORDER_EVENTS, envelope("OrderPlaced", order, 1)))
        command = (str(SHOPMESH), "events", "tail", "--key", order)
        process = await asyncio.create_subprocess_exec(
            *command, env={**os.environ, **environ}, stdout=asyncio.subprocess.PIPE
        )
        assert process.stdout
        try:
            async with asyncio.timeout(SECONDS):
                first = json.loads(await process.stdout.readline())
                await log.publish(record(ORDER_EVENTS, envelope("OrderConfirmed", order, 2)))
                second = json.loads(await process.stdout.readline())
        finally:
            process.terminate()
            await process.communicate()

    assert [(event["topic"], event["type"], event["version"]) for event in (first, second)] == [
        (ORDER_EVENTS, "OrderPlaced", 1),
        (ORDER_EVENTS, "OrderConfirmed", 2),
    ]
