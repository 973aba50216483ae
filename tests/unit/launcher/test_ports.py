"""A port that somebody has is named with its owner and the remedy."""

import asyncio
import os
import re
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from mesh.launcher.errors import LaunchError
from mesh.launcher.host.ports import await_free_ports, refuse_listeners
from mesh.launcher.parts import Part
from tests.support.ports import leased_port


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


@contextmanager
def listening(port: int) -> Iterator[None]:
    with socket.create_server(("127.0.0.1", port)):
        yield


def part(name: str, *ports: int) -> Part:
    return Part(name, ("/bin/true",), ports, "http://127.0.0.1:1/", {})


def test_free_ports_pass(taken: int) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]

    refuse_listeners([part("order", free)])


def test_a_taken_port_is_refused_with_owner_and_remedy(taken: int) -> None:
    with pytest.raises(LaunchError) as refused:
        refuse_listeners([part("envoy", taken)])

    assert f"Port {taken} (envoy) is taken by" in refused.value.message
    assert f"pid {os.getpid()}" in refused.value.message
    assert f"kill {os.getpid()}" in refused.value.remedy
    assert "SHOPMESH_PORT_OFFSET" in refused.value.remedy


def offset_of_remedy(*parts: Part) -> int:
    with pytest.raises(LaunchError) as refused:
        refuse_listeners(parts)
    offset = re.search(r"SHOPMESH_PORT_OFFSET=(\d+) shopmesh up", refused.value.remedy)
    assert offset, refused.value.remedy
    return int(offset[1])


# A connection of another test may have the port at the next offset, so any further one will do.


def test_the_ports_of_the_remedy_are_free() -> None:
    with leased_port() as port, listening(port), listening(port + 11_000):
        assert offset_of_remedy(part("envoy", port)) > 11_000


def test_the_offset_of_the_remedy_replaces_the_one_in_force() -> None:
    with leased_port() as port, listening(port + 11_000):
        shifted = replace(part("envoy", port + 11_000), environment={"SHOPMESH_PORT_OFFSET": "11000"})

        assert offset_of_remedy(shifted) > 11_000


def test_every_taken_port_is_named(taken: int) -> None:
    with pytest.raises(LaunchError) as refused:
        refuse_listeners([part("user", taken), part("order", taken)])

    assert [line.split(" is taken")[0] for line in refused.value.message.splitlines()] == [
        f"Port {taken} (user)",
        f"Port {taken} (order)",
    ]


async def test_a_listener_is_refused_without_waiting(taken: int) -> None:
    said: list[str] = []

    with pytest.raises(LaunchError):
        await await_free_ports([part("envoy", taken)], say=said.append)

    assert said == []


async def test_a_port_of_a_connection_is_waited_for(taken: int) -> None:
    said: list[str] = []
    with leased_port() as port:
        client = socket.create_connection(("127.0.0.1", taken), source_address=("127.0.0.1", port))

        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(await_free_ports([part("order", port)], say=said.append))
            await asyncio.sleep(0)
            assert not waiting.done()
            # Closed by a reset, so that the system gives the port back at once.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()

    assert len(said) == 1


async def test_a_port_that_a_connection_keeps_is_refused_in_the_end(taken: int) -> None:
    with socket.create_connection(("127.0.0.1", taken)) as client:
        port = client.getsockname()[1]

        with pytest.raises(LaunchError, match=f"keeps port {port}"):
            await await_free_ports([part("order", port)], say=lambda _: None, within_seconds=0.1)
