"""A supervised mesh, seen with real processes."""

import asyncio
import multiprocessing
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from mesh.client.http import http_client
from mesh.launcher.errors import LaunchError
from mesh.launcher.host.processes import ProcessId, wait_ended
from mesh.launcher.parts import BACKEND_LAYER, Plan
from mesh.launcher.starting import start
from mesh.launcher.state import MeshState, PartState, state_file
from mesh.launcher.status import Condition, status_of
from mesh.launcher.stopping import stop
from mesh.launcher.waiting import await_ready
from tests.mesh.launcher.conftest import MakePlan, dummy
from tests.support.waiting import until


def part(home: Path, name: str) -> PartState:
    state = MeshState.read(home)
    assert state is not None
    return next(each for each in state.parts if each.name == name)


def process(home: Path, name: str) -> ProcessId:
    found = part(home, name).process
    assert found is not None
    return found


def has_process(home: Path, name: str) -> bool:
    return MeshState.read(home) is not None and part(home, name).process is not None


def start_for_good(plan: Plan, environment: dict[str, str]) -> None:
    """`start` in a process of its own."""
    asyncio.run(start(plan, environment=environment, report=ignore))


def ignore(_: PartState) -> None:
    """Hear that a part is ready."""


async def test_start_reports_every_part_when_it_is_ready(
    home: Path, plan: MakePlan, environment: dict[str, str]
) -> None:
    ready: list[str] = []

    await start(
        plan(dummy("a"), dummy("b")), environment=environment, report=lambda each: ready.append(each.name)
    )

    assert sorted(ready) == ["a", "b"]
    assert [each.condition for each in await status_of(home)] == [Condition.READY, Condition.READY]


async def test_a_killed_part_is_started_again_and_counted(
    home: Path, plan: MakePlan, environment: dict[str, str]
) -> None:
    await start(plan(dummy("a")), environment=environment, report=ignore)
    first = process(home, "a")

    os.kill(first.pid, signal.SIGKILL)
    until(lambda: part(home, "a").restarts == 1, "a was started again")
    await await_ready(home, report=ignore)

    assert part(home, "a").last_exit == -signal.SIGKILL
    assert process(home, "a") != first


async def test_only_the_first_start_of_a_part_has_the_failpoint(
    home: Path, plan: MakePlan, environment: dict[str, str]
) -> None:
    await start(plan(dummy("a")), environment={**environment, "FAILPOINT": "order_placed"}, report=ignore)
    async with http_client() as client:
        assert (await client.get(part(home, "a").ready_url)).text == "order_placed"

        os.kill(process(home, "a").pid, signal.SIGKILL)
        until(lambda: part(home, "a").restarts == 1, "a was started again")
        await await_ready(home, report=ignore)

        assert (await client.get(part(home, "a").ready_url)).text == "none"


async def test_a_part_that_keeps_ending_fails_the_start_and_leaves_nothing(
    home: Path, plan: MakePlan, environment: dict[str, str]
) -> None:
    started: list[ProcessId] = []

    def remember(each: PartState) -> None:
        assert each.process is not None
        started.append(each.process)

    with pytest.raises(LaunchError) as failed:
        await start(plan(dummy("good"), dummy("bad", "broken")), environment=environment, report=remember)

    assert "bad ended 4 times, last with exit code 1" in failed.value.message
    assert "the dummy is broken" in failed.value.message
    assert str(home / "logs" / "bad.log") in failed.value.remedy
    assert not any(each.alive for each in started)
    assert MeshState.read(home) is None


async def test_stop_leaves_no_process(home: Path, plan: MakePlan, environment: dict[str, str]) -> None:
    await start(plan(dummy("a"), dummy("front", layer=1)), environment=environment, report=ignore)
    state = MeshState.read(home)
    assert state is not None

    stopped = await stop(home)

    assert set(stopped) == {"a", "front"}
    assert not any(each.alive for each in (state.supervisor, *state.processes))
    assert not state_file(home).exists()
    assert await status_of(home) == ()


async def test_services_start_once_the_backends_are_ready_and_all_is_prepared(
    home: Path, plan: MakePlan, environment: dict[str, str]
) -> None:
    seen: dict[str, Condition] = {}

    async def between() -> None:
        seen.update({each.part.name: each.condition for each in await status_of(home)})

    parts = (dummy("order"), dummy("database", layer=BACKEND_LAYER))
    await start(plan(*parts), environment=environment, report=ignore, between=between)

    assert seen == {"order": Condition.RESTARTING, "database": Condition.READY}
    assert {each.condition for each in await status_of(home)} == {Condition.READY}


async def test_a_failure_before_the_services_start_ends_the_backends(
    home: Path, plan: MakePlan, environment: dict[str, str]
) -> None:
    started: list[ProcessId] = []

    async def between() -> None:
        started.append(process(home, "database"))
        raise LaunchError("the seed failed")

    with pytest.raises(LaunchError, match="the seed failed"):
        await start(
            plan(dummy("order"), dummy("database", layer=BACKEND_LAYER)),
            environment=environment,
            report=ignore,
            between=between,
        )

    assert not any(each.alive for each in started)
    assert MeshState.read(home) is None


async def test_backends_end_with_a_start_that_was_killed(
    home: Path, plan: MakePlan, environment: dict[str, str]
) -> None:
    never = replace(dummy("database", layer=BACKEND_LAYER), ready_url="http://127.0.0.1:1/")
    starting = multiprocessing.get_context("spawn").Process(
        target=start_for_good, args=(plan(dummy("order"), never), environment)
    )
    starting.start()
    until(lambda: has_process(home, "database"), "the backend was started")
    database = process(home, "database")

    starting.kill()
    starting.join()

    assert await wait_ended([database], within_seconds=20) == ()


async def test_stop_when_nothing_runs_does_nothing(home: Path) -> None:
    assert await stop(home) == ()


async def test_parts_end_with_a_supervisor_that_was_killed(
    home: Path, plan: MakePlan, environment: dict[str, str]
) -> None:
    await start(plan(dummy("a"), dummy("b")), environment=environment, report=ignore)
    state = MeshState.read(home)
    assert state is not None

    os.kill(state.supervisor.pid, signal.SIGKILL)

    assert await wait_ended(state.processes, within_seconds=20) == ()
    assert {each.condition for each in await status_of(home)} == {Condition.STOPPED}


async def test_stop_finds_what_a_killed_supervisor_left_behind(
    home: Path, plan: MakePlan, environment: dict[str, str]
) -> None:
    await start(plan(dummy("a", "stubborn")), environment=environment, report=ignore)
    state = MeshState.read(home)
    assert state is not None
    os.kill(state.supervisor.pid, signal.SIGKILL)
    until(lambda: not state.running, "the supervisor has ended")
    assert all(each.alive for each in state.processes)

    await stop(home, grace_seconds=0.2)

    assert not any(each.alive for each in state.processes)


async def test_a_reused_process_number_is_never_signalled(home: Path) -> None:
    stranger = await asyncio.create_subprocess_exec("sleep", "60")
    stale = ProcessId(stranger.pid, "another boot:1")
    state = MeshState("embedded", 1, 0, stale, (PartState("a", (1,), "http://127.0.0.1:1/", stale),))
    state.write(home)

    assert await stop(home) == ()

    assert stranger.returncode is None
    stranger.kill()
    await stranger.wait()


async def test_an_interrupted_start_leaves_nothing(
    home: Path, plan: MakePlan, environment: dict[str, str]
) -> None:
    never_ready = replace(dummy("slow"), ready_url="http://127.0.0.1:1/")
    starting = asyncio.create_task(start(plan(never_ready), environment=environment, report=ignore))
    async with asyncio.timeout(20):
        while (state := MeshState.read(home)) is None or not state.processes:  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.02)

    starting.cancel()
    await asyncio.gather(starting, return_exceptions=True)

    assert not any(each.alive for each in (state.supervisor, *state.processes))
    assert MeshState.read(home) is None
