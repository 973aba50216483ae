"""Meshes of dummy parts, each in a folder of its own, that leave no process behind."""

import os
import socket
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from mesh.launcher.parts import Part, Plan
from mesh.launcher.stopping import stop

DUMMY = Path(__file__).with_name("dummy_part.py")
MakePlan = Callable[..., Plan]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def dummy(name: str, manner: str = "", *, layer: int = 0) -> Part:
    port = free_port()
    return Part(
        name=name,
        command=(sys.executable, str(DUMMY), str(port), manner),
        ports=(port,),
        ready_url=f"http://127.0.0.1:{port}/",
        environment={},
        layer=layer,
    )


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Path]:
    for name in ("run", "logs"):
        (tmp_path / name).mkdir()
    yield tmp_path
    await stop(tmp_path)


@pytest.fixture
def plan(home: Path) -> MakePlan:
    def planned(*parts: Part) -> Plan:
        return Plan(home=home, profile="embedded", workers=1, port_offset=0, parts=parts)

    return planned


@pytest.fixture
def environment() -> dict[str, str]:
    return dict(os.environ)
