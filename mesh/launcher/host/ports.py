"""Ports that a mesh needs and somebody else may have."""

import asyncio
import socket
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from shlex import quote

import psutil

from mesh.launcher.errors import LaunchError
from mesh.launcher.parts import Part

LOOPBACK = "127.0.0.1"
_CLOSING_SECONDS = 75.0
"""Longer than Linux keeps the port of a closed connection, which is 60 s."""
_POLL_SECONDS = 0.5
_HIGHEST_PORT = 65535
_OFFSETS = range(11_000, 15_000, 500)
_OFFSET = "SHOPMESH_PORT_OFFSET"


@dataclass(frozen=True, slots=True)
class PortOwner:
    """Who listens on a port, if this user may know.

    Attributes:
        home: The state folder, when the owner is a part of a mesh.
    """

    pid: int
    command: str
    home: str

    def __str__(self) -> str:
        return f"the mesh in {self.home}" if self.home else f"`{self.command}` (pid {self.pid})"


def refuse_listeners(parts: Iterable[Part]) -> None:
    """Refuse ports on which somebody listens.

    Raises:
        LaunchError: At least one is taken; names each, its likely owner and the remedy.
    """
    needed, listeners = tuple(parts), _listeners()
    taken = [(part, port) for part, port in _taken(needed) if port in listeners]
    if not taken:
        return
    owners = {port: _owner(listeners[port]) for _, port in taken}
    lines = [
        f"Port {port} ({part.name}) is taken by {owners[port] or 'a process of another user'}."
        for part, port in taken
    ]
    ways = _ways_to_stop(tuple(owner for owner in owners.values() if owner))
    raise LaunchError("\n".join(lines), "\n".join([*ways, _elsewhere(needed)]))


async def await_free_ports(
    parts: Iterable[Part], *, say: Callable[[str], None], within_seconds: float = _CLOSING_SECONDS
) -> None:
    """Wait until every port can be bound; refuse at once where somebody listens.

    The services' ports are among those that the system hands out to outgoing connections, and a connection
    keeps its port for a minute after it was closed (TIME_WAIT).

    Raises:
        LaunchError: A port is taken and stays so.
    """
    needed = tuple(parts)
    if not _taken(needed):
        return
    refuse_listeners(needed)
    say("Waiting for a closed connection to give back a port (up to a minute) …")
    try:
        async with asyncio.timeout(within_seconds):
            while _taken(needed):
                await asyncio.sleep(_POLL_SECONDS)
                refuse_listeners(needed)
    except TimeoutError:
        ports = ", ".join(str(port) for _, port in _taken(needed))
        raise LaunchError(f"An outgoing connection keeps port {ports}.", _elsewhere(needed)) from None


def _taken(parts: Iterable[Part]) -> list[tuple[Part, int]]:
    return [(part, port) for part in parts for port in part.ports if not _is_free(port)]


def _listeners() -> dict[int, int | None]:
    """Every port that is listened on, with its process where that can be seen."""
    return {
        connection.laddr.port: connection.pid
        for connection in psutil.net_connections(kind="tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr
    }


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do it: connections that are still closing are no obstacle, a listener is.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def _owner(pid: int | None) -> PortOwner | None:
    if pid is None:
        return None
    try:
        process = psutil.Process(pid)
        command, environment = " ".join(process.cmdline())[:80], process.environ()
    except psutil.Error:
        return None
    is_part = "SHOPMESH_WORKER" in environment
    return PortOwner(pid, command, environment["SHOPMESH_HOME"] if is_part else "")


def _elsewhere(parts: tuple[Part, ...]) -> str:
    """How to start the mesh where all its ports are free now."""
    for offset in _OFFSETS:
        if all(port <= _HIGHEST_PORT and _is_free(port) for port in _ports_at(offset, parts)):
            return f"Or start this mesh on other ports: {_OFFSET}={offset} shopmesh up"
    return f"Or start this mesh on other ports: {_OFFSET} is added to each. No multiple of 500 is free here."


def _ports_at(offset: int, parts: tuple[Part, ...]) -> Iterator[int]:
    for part in parts:
        for port in part.ports:
            yield port + offset - int(part.environment.get(_OFFSET, 0))


def _ways_to_stop(owners: tuple[PortOwner, ...]) -> Iterator[str]:
    for home in sorted({owner.home for owner in owners if owner.home}):
        yield f"Stop that mesh: SHOPMESH_HOME={quote(home)} shopmesh down"
    for pid in sorted({owner.pid for owner in owners if not owner.home}):
        yield f"Stop that process: kill {pid}"
