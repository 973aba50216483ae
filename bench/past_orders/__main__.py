"""Fills the stores of a mesh that is down."""

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta

import bench.past_orders
from bench.past_orders.events import fill_events
from bench.past_orders.history import History
from bench.past_orders.mails import fill_mails
from bench.past_orders.reservations import fill_reservations, wares_of
from mesh.backends.known import place_backends
from mesh.backends.running import serving
from mesh.launcher.state import MeshState
from mesh.settings import REAL, MeshSettings

_PARTS = {"events": fill_events, "reservations": fill_reservations, "mails": fill_mails}
_LANES = (("events",), ("reservations", "mails"))
"""Parts that take about as long, for two cores; those of a lane are filled one after the other."""
_NOBODY = "00000000-0000-7000-8000-000000000000"


def main() -> None:
    """Fill all stores, each by a process of its own."""
    chosen = _arguments()
    # As Ctrl+C: the servers that were started end with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    settings = MeshSettings.from_environ(os.environ)
    if chosen.part:
        asyncio.run(_fill(chosen, settings))
        return
    state = MeshState.read(settings.home)
    if state is not None and state.running:
        sys.exit(f"The mesh in {settings.home} is up; stop it first: shopmesh down")
    until = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    sys.exit(asyncio.run(_fill_all(settings, [*sys.argv[1:], "--until", until])))


async def _fill(chosen: argparse.Namespace, settings: MeshSettings) -> None:
    until = datetime.fromisoformat(chosen.until)
    history = History(chosen.count, chosen.of, chosen.theirs, until, await wares_of(settings))
    await _PARTS[chosen.part](settings, history, _say)


async def _fill_all(settings: MeshSettings, arguments: Sequence[str]) -> int:
    """How many parts have failed."""

    async def fill(lane: Sequence[str]) -> int:
        failed = 0
        for part in lane:
            program = (sys.executable, "-m", bench.past_orders.__name__, *arguments, "--part", part)
            filling = await asyncio.create_subprocess_exec(*program, env={**os.environ, **urls})
            failed += await filling.wait() != 0
        return failed

    async with _backends(settings) as urls:
        return sum(await asyncio.gather(*map(fill, _LANES)))


@asynccontextmanager
async def _backends(settings: MeshSettings) -> AsyncIterator[Mapping[str, str]]:
    """The servers of the mesh's own, without its services; yields their URLs by their variables."""
    async with AsyncExitStack() as stack:
        urls = {}
        folder, given = settings.home / REAL / "backends", frozenset(os.environ)
        if settings.profile == REAL:
            for each in place_backends(folder, port_offset=settings.port_offset, given=given):
                server = await stack.enter_async_context(serving(each.backend, each.place))
                urls[each.backend.variable] = server.url
        yield urls


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=bench.past_orders.__doc__)
    parser.add_argument("count", type=int, help="how many orders")
    parser.add_argument("--of", default=_NOBODY, metavar="ID", help="a customer with many of them")
    parser.add_argument("--theirs", type=int, default=0, metavar="N", help="how many that customer has")
    parser.add_argument("--until", help=argparse.SUPPRESS)
    parser.add_argument("--part", choices=_PARTS, help=argparse.SUPPRESS)
    return parser.parse_args()


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    main()
