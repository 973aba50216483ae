"""`python -m bench.flames FILE.svg`: what the services do while sixteen customers order, as a flame graph.

py-spy samples who holds the interpreter; reading another process takes root, or `CAP_SYS_PTRACE`.
"""

import asyncio
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from bench.closed_loop import call_for, call_times
from bench.flame_graph import Frame, draw, read_stacks
from bench.plan import Plan
from bench.processes import Process
from bench.programs.whole import customer_of, mesh_up, placing
from mesh.topology import SERVICES

_CALLERS = 16
_SECONDS = 15.0
_RATE = "100"
_PY_SPY = Path(sys.executable).with_name("py-spy")


async def record(folder: Path) -> Frame:
    """The samples of all services, below their names."""
    with mesh_up(Plan.full(folder), "flames", "embedded", OTEL_TRACES_SAMPLER_ARG="0.1") as whole:
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(customer_of(whole.mesh))
            await call_times(2 * _CALLERS, placing(client), clients=_CALLERS)
            await whole.until_mails(2 * _CALLERS)
            files = [
                await stack.enter_async_context(_sampled(process, folder / name))
                for name, process in zip(SERVICES, whole.services, strict=True)
            ]
            placed = await call_for(_SECONDS, placing(client), clients=_CALLERS)
            await whole.until_mails(2 * _CALLERS + placed.calls)
    root = Frame("all")
    for name, file in zip(SERVICES, files, strict=True):
        service = root.called.setdefault(name, Frame(name))
        read_stacks(service, file)
        root.samples += service.samples
    return root


@asynccontextmanager
async def _sampled(process: Process, file: Path) -> AsyncIterator[Path]:
    command = (_PY_SPY, "record", "--gil", "--nonblocking", "--rate", _RATE, "--format", "raw")
    child = await asyncio.create_subprocess_exec(
        *command, "--duration", "600", "--output", file, "--pid", str(process.pid)
    )
    try:
        yield file
    finally:
        child.send_signal(signal.SIGINT)
        await child.wait()


def main() -> None:
    """Record and draw."""
    target = Path(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix="shopmesh-flames-") as folder:
        root = asyncio.run(record(Path(folder)))
    target.write_text(
        draw(root, f"orders by {_CALLERS} customers: where the interpreters of the services are")
    )


if __name__ == "__main__":
    main()
