"""P21: what the command line costs its user."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from functools import partial

from bench.cores import DRIVER, MEASURED, working_on
from bench.estimates import estimate, ratios
from bench.figures import Figure, at_most
from bench.plan import Plan, in_turns
from tests.e2e.shop import place
from tests.support.running_mesh import SHOPMESH, RunningMesh, up

_FLOOR = (sys.executable, "-c", "import grpc")


async def command_lines(plan: Plan) -> AsyncIterator[Figure]:
    """P21: processor time of commands against `python -c 'import grpc'`."""
    with working_on(MEASURED, DRIVER), up(plan.room("p21") / "home") as mesh:
        with mesh.http(mesh.token("alice")) as alice:
            order_id = place(alice, ("MUG-RED", 1))["orderId"]
        for arguments in (("status",), ("token", "--as", "alice"), ("orders", "history", order_id)):
            command = (str(SHOPMESH), *arguments)
            rounds = await in_turns(plan, _side(mesh, command), _side(mesh, _FLOOR))
            yield Figure(
                "P21",
                f"`{' '.join(arguments[:2])}`: processor time against importing grpc",
                ratios([(ours, floor) for ours, floor in rounds]),
                "x",
                at_most(2.0, 1.3),
                notes={
                    "ms": 1000 * estimate([ours for ours, _ in rounds]).value,
                    "floor ms": 1000 * estimate([floor for _, floor in rounds]).value,
                },
            )


def _side(mesh: RunningMesh, command: Sequence[str]) -> Callable[[], Awaitable[float]]:
    environ = {
        **os.environ,
        "SHOPMESH_HOME": str(mesh.home),
        "SHOPMESH_PORT_OFFSET": str(mesh.port_offset),
        **mesh.variables,
    }
    return partial(asyncio.to_thread, _cpu_seconds, command, environ)


def _cpu_seconds(command: Sequence[str], environ: dict[str, str]) -> float:
    """User and system time of a command and all that it waited for."""
    child = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise subprocess.CalledProcessError(child.returncode, command)
    return used.ru_utime + used.ru_stime
