"""A port that somebody has is named with its owner and the remedy."""

import os
import socket
from collections.abc import Iterator

import pytest

from mesh.launcher.errors import LaunchError
from mesh.launcher.parts import Part
from mesh.launcher.ports import port_owner, refuse_taken_ports


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def part(name: str, *ports: int) -> Part:
    return Part(name, ("/bin/true",), ports, "http://127.0.0.1:1/", {})


def test_free_ports_pass(taken: int) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]

    refuse_taken_ports([part("order", free)])


def test_a_taken_port_is_refused_with_owner_and_remedy(taken: int) -> None:
    with pytest.raises(LaunchError) as refused:
        refuse_taken_ports([part("envoy", taken)])

    assert f"Port {taken} (envoy) is taken by" in refused.value.message
    assert f"pid {os.getpid()}" in refused.value.message
    assert f"kill {os.getpid()}" in refused.value.remedy
    assert "SHOPMESH_PORT_OFFSET" in refused.value.remedy


def test_every_taken_port_is_named(taken: int) -> None:
    with pytest.raises(LaunchError) as refused:
        refuse_taken_ports([part("user", taken), part("order", taken)])

    assert [line.split(" is taken")[0] for line in refused.value.message.splitlines()] == [
        f"Port {taken} (user)",
        f"Port {taken} (order)",
    ]


def test_a_free_port_has_no_owner(taken: int) -> None:
    assert port_owner(1) is None
