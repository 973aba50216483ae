"""The process that stays: it starts the parts of a plan and keeps them running until SIGTERM.

`python -m mesh.launcher.supervisor` reads the plan from its standard input. It uses nothing but
the standard library, so it may start processes at any time (a process that has used grpc may not).
"""

import asyncio
import os
import signal
import sys
from itertools import groupby

from mesh.launcher.keeper import Keeper
from mesh.launcher.logfiles import keep_bounded
from mesh.launcher.parts import Plan
from mesh.launcher.processes import process_id
from mesh.launcher.state import MeshState, state_file


async def supervise(plan: Plan, *, stop: asyncio.Event) -> None:
    """Keep the parts of a plan running until `stop` is set; then stop them layer by layer."""
    this = process_id(os.getpid())
    assert this is not None

    def record() -> None:
        parts = tuple(each.state for each in keepers)
        try:
            MeshState(plan.profile, plan.workers, plan.port_offset, this, parts).write(plan.home)
        except OSError as error:  # a full disk must not end what runs
            sys.stderr.write(f"cannot write {state_file(plan.home)}: {error.strerror}\n")

    keepers = [Keeper(part, home=plan.home, changed=record) for part in plan.parts]
    async with asyncio.TaskGroup() as tasks:
        bounding = tasks.create_task(keep_bounded(plan.home / "logs"))
        record()
        for keeper in keepers:
            tasks.create_task(keeper.keep())
        await stop.wait()
        await _stop_by_layers(keepers)
        bounding.cancel()
    state_file(plan.home).unlink(missing_ok=True)


async def _stop_by_layers(keepers: list[Keeper]) -> None:
    def layer(keeper: Keeper) -> int:
        return keeper.part.layer

    for _, together in groupby(sorted(keepers, key=layer), key=layer):
        await asyncio.gather(*(keeper.stop() for keeper in together))


async def _main(plan: Plan) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await supervise(plan, stop=stop)


if __name__ == "__main__":
    asyncio.run(_main(Plan.from_json(sys.stdin.read())))
