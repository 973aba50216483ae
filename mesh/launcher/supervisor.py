"""The process that stays: it starts the parts of a plan and keeps them running until SIGTERM.

`python -m mesh.launcher.supervisor` reads the plan from its standard input, a line of JSON, and starts
the backends; a second line lets it start the rest. Where that line never comes, since `up` has ended,
it ends too. At `REQUEST_SIGNAL` it carries out the `RestartRequest` of a command.

It uses nothing but the standard library, so it may start processes at any time (a process that has used
grpc may not).
"""

import asyncio
import os
import signal
import sys
from itertools import groupby
from typing import assert_never

from mesh.launcher.host.logfiles import keep_bounded
from mesh.launcher.host.processes import ProcessId, process_id
from mesh.launcher.part_process import PartProcess
from mesh.launcher.parts import BACKEND_LAYER, Plan
from mesh.launcher.restart_request import REQUEST_SIGNAL, RestartRequest, Step, request_file
from mesh.launcher.state import MeshState, state_file

_LONGEST_PLAN_BYTES = 2**24


class Supervisor:
    """Keeps the parts of a plan running, and writes their state to `state.json`."""

    def __init__(self, plan: Plan, *, process: ProcessId) -> None:
        self._plan = plan
        self._process = process
        self._part_processes = [
            PartProcess(part, home=plan.home, changed=self._record) for part in plan.parts
        ]

    async def run(self, *, proceed: asyncio.Event, stop: asyncio.Event) -> None:
        """Start the backends, with `proceed` the rest; when `stop` is set, stop what was started."""
        self._record()
        async with asyncio.TaskGroup() as tasks:
            bounding = tasks.create_task(keep_bounded(self._plan.home / "logs"))
            self._keep(tasks, backends=True)
            starting = tasks.create_task(self._keep_rest(tasks, proceed))
            await stop.wait()
            starting.cancel()
            await _stop_by_layers(self._part_processes)
            bounding.cancel()
        for file in (request_file(self._plan.home), state_file(self._plan.home)):
            file.unlink(missing_ok=True)

    def heed_request(self) -> None:
        """Carry out what `shopmesh restart` asks for, where it does."""
        request = RestartRequest.take(self._plan.home)
        for part_process in self._part_processes:
            if request is not None and request.part == part_process.part.name:
                _take_step(part_process, request)

    async def _keep_rest(self, tasks: asyncio.TaskGroup, proceed: asyncio.Event) -> None:
        await proceed.wait()
        self._keep(tasks, backends=False)

    def _keep(self, tasks: asyncio.TaskGroup, *, backends: bool) -> None:
        for part_process in self._part_processes:
            if (part_process.part.layer == BACKEND_LAYER) == backends:
                tasks.create_task(part_process.run())

    def _record(self) -> None:
        plan, parts = self._plan, tuple(each.state for each in self._part_processes)
        try:
            MeshState(plan.profile, plan.workers, plan.port_offset, self._process, parts).write(plan.home)
        except OSError as error:  # a full disk must not end what runs
            sys.stderr.write(f"cannot write {state_file(plan.home)}: {error.strerror}\n")


def _take_step(part_process: PartProcess, request: RestartRequest) -> None:
    match request.step:
        case Step.TRY:
            part_process.try_environment(request.environment)
        case Step.KEEP:
            part_process.keep_environment()
        case Step.REVERT:
            part_process.revert_environment()
        case _:
            assert_never(request.step)


async def _stop_by_layers(part_processes: list[PartProcess]) -> None:
    def layer(part_process: PartProcess) -> int:
        return part_process.part.layer

    for _, together in groupby(sorted(part_processes, key=layer), key=layer):
        await asyncio.gather(*(part_process.stop() for part_process in together))


async def _main() -> None:
    proceed, stop = asyncio.Event(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    commands = await _standard_input()
    this = process_id(os.getpid())
    assert this is not None
    supervisor = Supervisor(Plan.from_json((await commands.readline()).decode()), process=this)
    asyncio.get_running_loop().add_signal_handler(REQUEST_SIGNAL, supervisor.heed_request)
    async with asyncio.TaskGroup() as tasks:
        listening = tasks.create_task(_listen(commands, proceed=proceed, stop=stop))
        await supervisor.run(proceed=proceed, stop=stop)
        listening.cancel()


async def _listen(commands: asyncio.StreamReader, *, proceed: asyncio.Event, stop: asyncio.Event) -> None:
    (proceed if await commands.readline() else stop).set()


async def _standard_input() -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=_LONGEST_PLAN_BYTES)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    return reader


if __name__ == "__main__":
    asyncio.run(_main())
