"""Ports that a mesh needs and somebody else may have."""

import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import psutil

from mesh.launcher.errors import LaunchError
from mesh.launcher.parts import Part

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class PortOwner:
    """Who listens on a port, as far as this user may know.

    Attributes:
        home: The state folder, when the owner is a part of a mesh.
    """

    pid: int
    command: str
    home: str

    def __str__(self) -> str:
        return f"the mesh in {self.home}" if self.home else f"`{self.command}` (pid {self.pid})"


def refuse_taken_ports(parts: Iterable[Part]) -> None:
    """Try every port by binding it.

    Raises:
        LaunchError: At least one is taken; names each, its likely owner and the remedy.
    """
    taken = [(part, port) for part in parts for port in part.ports if not _is_free(port)]
    if not taken:
        return
    owners = {port: port_owner(port) for _, port in taken}
    lines = [
        f"Port {port} ({part.name}) is taken by {owners[port] or 'a process of another user'}."
        for part, port in taken
    ]
    raise LaunchError("\n".join(lines), _remedy(owner for owner in owners.values() if owner))


def port_owner(port: int) -> PortOwner | None:
    """Find who listens on a port; None when nobody does or it cannot be seen."""
    for connection in psutil.net_connections(kind="tcp"):
        listens = connection.status == psutil.CONN_LISTEN and connection.laddr
        if listens and listens.port == port and connection.pid:
            return _owner(connection.pid)
    return None


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do it: connections that are still closing are no obstacle, a listener is.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def _owner(pid: int) -> PortOwner | None:
    try:
        process = psutil.Process(pid)
        command, environment = " ".join(process.cmdline())[:80], process.environ()
    except psutil.Error:
        return None
    is_part = "SHOPMESH_WORKER" in environment
    return PortOwner(pid, command, environment["SHOPMESH_HOME"] if is_part else "")


def _remedy(owners: Iterable[PortOwner]) -> str:
    return "\n".join(
        [*_ways_to_stop(tuple(owners)), "Or start this mesh elsewhere: SHOPMESH_PORT_OFFSET=5000 shopmesh up"]
    )


def _ways_to_stop(owners: tuple[PortOwner, ...]) -> Iterator[str]:
    for home in sorted({owner.home for owner in owners if owner.home}):
        yield f"Stop that mesh: SHOPMESH_HOME={home} shopmesh down"
    for pid in sorted({owner.pid for owner in owners if not owner.home}):
        yield f"Stop that process: kill {pid}"
