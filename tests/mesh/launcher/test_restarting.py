"""Parts of a running mesh take up another environment, seen with real processes."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mesh.client.http import http_client
from mesh.launcher.errors import LaunchError
from mesh.launcher.host.processes import ProcessId
from mesh.launcher.parts import Part
from mesh.launcher.restart_request import REQUEST_SIGNAL, RestartRequest, Step, request_file
from mesh.launcher.restarting import refuse_other_stores, restart, restart_workers
from mesh.launcher.starting import start
from mesh.launcher.state import MeshState, PartState
from mesh.launcher.waiting import await_ready
from mesh.settings import MeshSettings
from tests.mesh.launcher.conftest import MakePlan, dummy
from tests.support.waiting import eventually, until

Environment = dict[str, str]
Up = Callable[..., Awaitable[None]]


def ignore(_: PartState) -> None:
    """Hear that a part is ready."""


@pytest.fixture
def up(plan: MakePlan, environment: Environment) -> Up:
    """Start a mesh of these parts."""

    async def started(*parts: Part, **variables: str) -> None:
        await start(plan(*parts), environment={**environment, **variables}, report=ignore)

    return started


def part(home: Path, name: str) -> PartState:
    return next(each for each in MeshState.read_running(home).parts if each.name == name)


def process(home: Path, name: str) -> ProcessId:
    found = part(home, name).process
    assert found is not None
    return found


async def variable(home: Path, name: str, variable: str) -> str:
    """What a dummy has in its environment."""
    async with http_client() as client:
        return (await client.get(f"{part(home, name).ready_url}{variable}")).text


async def test_every_worker_of_a_service_takes_up_the_environment_one_after_the_other(
    home: Path, up: Up, environment: Environment
) -> None:
    await up(dummy("order"), dummy("order-1"), dummy("user"), COLOUR="red")
    before = {name: process(home, name) for name in ("order", "order-1", "user")}
    steps: list[str] = []

    def report(each: PartState) -> None:
        waiting = [name for name in before if process(home, name) == before[name]]
        steps.append(f"{each.name} is ready, {' and '.join(waiting)} as before")

    await restart_workers(home, ["order"], environment={**environment, "COLOUR": "blue"}, report=report)

    assert steps == ["order is ready, order-1 and user as before", "order-1 is ready, user as before"]
    assert not before["order"].alive
    assert [await variable(home, name, "COLOUR") for name in before] == ["blue", "blue", "red"]


async def test_a_restart_that_was_asked_for_does_not_look_like_a_crash(
    home: Path, up: Up, environment: Environment
) -> None:
    await up(dummy("order"))

    await restart_workers(home, ["order"], environment=environment, report=ignore)

    assert (part(home, "order").restarts, part(home, "order").last_exit) == (0, None)


async def test_the_environment_stays_when_the_part_crashes_later(
    home: Path, up: Up, environment: Environment
) -> None:
    await up(dummy("order"), COLOUR="red")
    await restart_workers(home, ["order"], environment={**environment, "COLOUR": "blue"}, report=ignore)

    os.kill(process(home, "order").pid, signal.SIGKILL)
    until(lambda: part(home, "order").restarts == 1, "order was started again")
    await await_ready(home, report=ignore)

    assert await variable(home, "order", "COLOUR") == "blue"


async def test_no_restart_arms_a_failpoint(home: Path, up: Up, environment: Environment) -> None:
    await up(dummy("order"))

    await restart_workers(
        home, ["order"], environment={**environment, "FAILPOINT": "order_placed"}, report=ignore
    )

    assert await variable(home, "order", "FAILPOINT") == "none"


async def test_what_the_launcher_decided_for_a_part_stays(
    home: Path, plan: MakePlan, environment: Environment
) -> None:
    fixed = replace(dummy("order"), environment={"SHOPMESH_WORKER": "0"})
    await start(plan(fixed), environment=environment, report=ignore)

    await restart_workers(home, ["order"], environment={**environment, "SHOPMESH_WORKER": "7"}, report=ignore)

    assert await variable(home, "order", "SHOPMESH_WORKER") == "0"


async def test_a_part_that_ends_with_the_new_environment_gets_its_former_one_back(
    home: Path, up: Up, environment: Environment
) -> None:
    await up(dummy("order"), dummy("order-1"), COLOUR="red")
    (home / "logs" / "order.log").write_text("what it said before\n")
    untouched = process(home, "order-1")

    with pytest.raises(LaunchError) as failed:
        await restart_workers(
            home, ["order"], environment={**environment, "DUMMY_MANNER": "broken"}, report=ignore
        )

    assert failed.value.message == (
        "order ended with exit code 1 with the new settings. The end of its log since then:\n"
        "  the dummy is broken\n"
        "It runs with its former settings."
    )
    assert str(home / "logs" / "order.log") in failed.value.remedy
    assert await variable(home, "order", "COLOUR") == "red"
    assert process(home, "order-1") == untouched


async def test_a_part_that_is_never_ready_with_the_new_environment_gets_its_former_one_back(
    home: Path, up: Up, environment: Environment
) -> None:
    await up(dummy("order"), COLOUR="red")

    with pytest.raises(LaunchError, match="order is not ready after 2 s") as failed:
        await restart_workers(
            home,
            ["order"],
            environment={**environment, "DUMMY_MANNER": "mute"},
            report=ignore,
            patience_seconds=2,
        )

    assert "the dummy is mute" in failed.value.message
    assert await variable(home, "order", "COLOUR") == "red"


async def test_after_a_failure_the_right_environment_is_taken_up(
    home: Path, up: Up, environment: Environment
) -> None:
    await up(dummy("order"), COLOUR="red")
    with pytest.raises(LaunchError):
        await restart_workers(
            home, ["order"], environment={**environment, "DUMMY_MANNER": "broken"}, report=ignore
        )

    await restart_workers(home, ["order"], environment={**environment, "COLOUR": "blue"}, report=ignore)

    assert await variable(home, "order", "COLOUR") == "blue"


async def test_a_part_that_hangs_is_mended_by_a_restart(home: Path, up: Up, environment: Environment) -> None:
    await up(dummy("order"))
    RestartRequest("order", Step.TRY, {**environment, "DUMMY_MANNER": "mute"}).write(home)
    MeshState.read_running(home).supervisor.signal(REQUEST_SIGNAL)
    until(lambda: part(home, "order").trials == 1, "order is on trial")

    await restart_workers(home, ["order"], environment={**environment, "COLOUR": "blue"}, report=ignore)

    assert await variable(home, "order", "COLOUR") == "blue"


async def test_an_interrupted_restart_leaves_the_former_environment(
    home: Path, up: Up, environment: Environment
) -> None:
    await up(dummy("order"), COLOUR="red")
    restarting = asyncio.create_task(
        restart_workers(home, ["order"], environment={**environment, "DUMMY_MANNER": "mute"}, report=ignore)
    )

    async def is_on_trial() -> bool:
        return part(home, "order").trials == 1

    await eventually(is_on_trial, "order is on trial")
    tried = process(home, "order")
    restarting.cancel()
    await asyncio.gather(restarting, return_exceptions=True)
    until(lambda: part(home, "order").process not in (None, tried), "order was started again")
    await await_ready(home, report=ignore)

    assert await variable(home, "order", "COLOUR") == "red"


async def test_a_request_is_private_and_gone_once_it_was_read(
    home: Path, up: Up, environment: Environment
) -> None:
    RestartRequest("order", Step.TRY, {"TOKEN": "hush"}).write(home)
    assert request_file(home).stat().st_mode & 0o077 == 0
    assert "hush" not in repr(RestartRequest.take(home))
    assert RestartRequest.take(home) is None
    await up(dummy("order"))

    await restart_workers(home, ["order"], environment={**environment, "TOKEN": "hush"}, report=ignore)

    assert not [file for file in (home / "run").iterdir() if "hush" in file.read_text()]


async def test_a_signal_without_a_request_changes_nothing(home: Path, up: Up) -> None:
    await up(dummy("order"))
    state = MeshState.read_running(home)

    state.supervisor.signal(REQUEST_SIGNAL)
    os.kill(process(home, "order").pid, signal.SIGKILL)
    until(lambda: part(home, "order").restarts == 1, "the supervisor does its work")

    assert part(home, "order").trials == 0


async def test_without_a_mesh_there_is_nothing_to_restart(home: Path, environment: Environment) -> None:
    with pytest.raises(LaunchError, match="No mesh is up"):
        await restart(MeshSettings(home=home), ["order"], environment=environment, report=ignore, say=print)


@pytest.mark.parametrize(("before", "after"), [("mongodb://db:27017", ""), ("", "mongodb://db:27017")])
async def test_an_environment_that_names_another_store_is_refused(
    home: Path, up: Up, environment: Environment, *, before: str, after: str
) -> None:
    await up(dummy("order"), SHOPMESH_MONGODB_URL=before)
    running, other = process(home, "order"), {**environment, "SHOPMESH_MONGODB_URL": after}

    with pytest.raises(LaunchError, match="SHOPMESH_MONGODB_URL"):
        refuse_other_stores(MeshState.read_running(home).parts, ("order",), other)

    refuse_other_stores(MeshState.read_running(home).parts, ("user",), other)
    same = {**environment, "SHOPMESH_MONGODB_URL": before}
    refuse_other_stores(MeshState.read_running(home).parts, ("order",), same)
    assert process(home, "order") == running


async def test_an_environment_that_drops_the_mail_providers_is_refused(
    home: Path, up: Up, environment: Environment
) -> None:
    await up(dummy("notification"), SHOPMESH_MAIL_URL="smtp://mail.shop.example?from=hello@shop.example")
    parts = MeshState.read_running(home).parts

    with pytest.raises(LaunchError, match="SHOPMESH_MAIL_URL"):
        refuse_other_stores(parts, ("notification",), environment)

    refuse_other_stores(parts, ("notification",), {**environment, "SHOPMESH_MAIL_URL": "file:///mails"})
