"""Ports for tests and their meshes, of which several are up at the same time.

Offsets are 12,000 or more: all ports but Envoy's are then above those that Linux gives to outgoing
connections, of which a test run makes many.
"""

import random
import socket
from collections.abc import Iterator

from mesh.topology import ENVOY_ADMIN_PORT, ENVOY_PORT, SERVICES, grpc_port, http_port, metrics_port

_OFFSETS = range(12_000, 14_200)
"""Up to the highest metrics port of the last worker."""
_MOST_WORKERS = 3
_BACKEND_PORTS = range(50071, 50077)
_NEVER_GIVEN = range(20_000, 32_768)


def free_port_offset() -> int:
    """An offset at which a mesh finds its ports free, with three workers and on the real profile too."""
    while True:
        offset = random.choice(_OFFSETS)
        if all(_is_free(port) for port in _ports(offset)):
            return offset


def free_port_nobody_is_given() -> int:
    """A free port below those that Linux gives to outgoing connections, which share it with others."""
    while True:
        port = random.choice(_NEVER_GIVEN)
        if _is_free(port):
            return port


def _ports(offset: int) -> Iterator[int]:
    yield from (ENVOY_PORT + offset, ENVOY_ADMIN_PORT + offset)
    yield from (port + offset for port in _BACKEND_PORTS)
    for worker in range(_MOST_WORKERS):
        yield http_port(worker, offset)
        for service in SERVICES:
            yield from (grpc_port(service, worker, offset), metrics_port(service, worker, offset))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
