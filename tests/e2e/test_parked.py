"""Events that cannot be handled: listed and redriven from the command line."""

import asyncio
import json
from uuid import uuid4

from mesh.event_log import open_event_log
from mesh.settings import MeshSettings
from mesh.topology import USER_EVENTS
from tests.support.events import envelope, record
from tests.support.running_mesh import RunningMesh
from tests.support.waiting import until


def publish(mesh: RunningMesh, user_id: str, version: int) -> None:
    async def published() -> None:
        async with open_event_log(MeshSettings(home=mesh.home)) as log:
            await log.publish(record(USER_EVENTS, envelope("UserRegistered", user_id, version)))

    asyncio.run(published())


def parked(mesh: RunningMesh, key: str, *command: str) -> dict[str, str]:
    """Why each service has parked a key's event."""
    listed = json.loads(mesh.run(*command, "--json").stdout)
    return {each["service"]: each["reason"] for each in listed["events"] if each["key"] == key}


def test_parked_events_are_shown_until_they_could_be_handled(running_mesh: RunningMesh) -> None:
    user_id, gap = str(uuid4()), "version 1 has not arrived"
    publish(running_mesh, user_id, 2)
    consumers = {"order": gap, "notification": gap}
    until(lambda: parked(running_mesh, user_id, "events", "parked") == consumers, "both have parked it")

    assert parked(running_mesh, user_id, "mail", "parked") == {"notification": gap}
    assert parked(running_mesh, user_id, "events", "parked", "--service", "order") == {"order": gap}
    assert user_id in running_mesh.run("events", "parked").stdout

    remaining = running_mesh.run("events", "redrive", "--key", user_id, check=False)
    assert remaining.returncode == 1
    assert [line.split() for line in remaining.stdout.splitlines()] == [
        ["service", "handled", "remaining"],
        ["order", "0", "1"],
        ["inventory", "0", "0"],
        ["notification", "0", "1"],
    ]

    publish(running_mesh, user_id, 1)
    until(lambda: not parked(running_mesh, user_id, "events", "parked"), "the gap is filled")
    assert running_mesh.run("mail", "redrive", "--key", user_id).stdout.split()[-2:] == ["0", "0"]
