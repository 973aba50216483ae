"""Both distributions work where there is no checkout: built, installed, used and type-checked."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.logs import SERVICES, lines
from tests.e2e.shop import answered, place
from tests.support.running_mesh import RunningMesh, up
from tests.support.waiting import until

ROOT = Path(__file__).parents[2]
UV = Path(sys.executable).with_name("uv")

ORIGINS = """
import buf.validate.validate_pb2, mesh.channels, shopmesh.inventory.v1.catalog_service_pb2_grpc
from importlib.resources import as_file, files

for module in (buf.validate.validate_pb2, mesh.channels, shopmesh.inventory.v1.catalog_service_pb2_grpc):
    print(module.__file__)
with as_file(files("shopmesh") / "shopmesh.binpb") as path:
    print(path)
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `env`, an environment of the locked packages and the two wheels."""
    away = tmp_path_factory.mktemp("away")
    for project in (ROOT / "generated", ROOT):
        _run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", away / "wheels"], project)
    _run([sys.executable, "-m", "venv", "--without-pip", away / "env"], away)
    _install(away, "--require-hashes", "-r", ROOT / "requirements.txt")
    _install(away, "--no-deps", *(away / "wheels").glob("*.whl"))
    return away


def test_the_command_line_starts(environment: Path) -> None:
    assert "Usage: shopmesh" in _run([environment / "env/bin/shopmesh", "--help"], environment)


def test_everything_comes_from_the_wheels(environment: Path) -> None:
    origins = _run([environment / "env/bin/python", "-I", "-c", ORIGINS], environment).splitlines()

    assert len(origins) == 4
    assert all(Path(origin).is_relative_to(environment / "env") for origin in origins)


@pytest.fixture(scope="module")
def newest(environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `env`, which has the newest grpcio instead of the locked one."""
    away = tmp_path_factory.mktemp("newest")
    _run([sys.executable, "-m", "venv", "--without-pip", away / "env"], away)
    _install(away, "--require-hashes", "-r", ROOT / "requirements.txt")
    _install(away, "--no-deps", *(environment / "wheels").glob("*.whl"))
    _install(away, "--no-deps", "--require-hashes", "-r", ROOT / "requirements-newest-grpcio.txt")
    return away


def test_the_mesh_runs_with_the_newest_grpcio_on_its_plain_server(newest: Path) -> None:
    _run([UV, "pip", "check", "--python", newest / "env/bin/python"], newest)

    with (
        up(newest / "home", program=(str(newest / "env/bin/shopmesh"),)) as mesh,
        mesh.http(mesh.token("alice")) as alice,
    ):
        order = place(alice, ("MUG-RED", 1))
        # The first order of a mesh on a busy machine may be answered before it is decided.
        until(lambda: state_of(alice, order["orderId"]) == "ORDER_STATE_CONFIRMED", "the order is confirmed")
        warned = [service for service in SERVICES if any(map(is_warning, lines(mesh, f"{service}.log")))]

    assert warned == list(SERVICES)


def state_of(customer: httpx.Client, order_id: str) -> Any:
    return answered(customer.get(f"/v1/orders/{order_id}"))["order"]["state"]


def is_warning(line: dict[str, Any]) -> bool:
    return bool(line["event"] == "grpcio_untested")


@pytest.fixture(scope="module")
def caller(environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `env`, which has only what a caller needs, and what is documented.

    That is `caller.py`, on channels of asyncio, and README's `direct.py` on a plain one.
    """
    away = tmp_path_factory.mktemp("caller")
    _run([sys.executable, "-m", "venv", "--without-pip", away / "env"], away)
    _install(away, "-c", ROOT / "requirements.txt", *(environment / "wheels").glob("*.whl"))
    for page, example, name in (
        ("docs/calling-from-a-service.md", r"```python\n(.*?)```", "caller.py"),
        ("README.md", r"python -c '\n(import grpc\n.*?)'\n", "direct.py"),
    ):
        (code,) = re.findall(example, ROOT.joinpath(page).read_text(), re.DOTALL)
        away.joinpath(name).write_text(code)
    return away


def test_a_service_of_somebody_calls_as_documented(caller: Path, running_mesh: RunningMesh) -> None:
    home = caller / ".shopmesh"
    home.symlink_to(running_mesh.home)
    offset = {"SHOPMESH_PORT_OFFSET": str(running_mesh.port_offset)}

    answer = _run([caller / "env/bin/python", "-I", "caller.py"], caller, **offset)

    assert re.fullmatch(r"MUG-RED \d+\n", answer)


def test_a_caller_gets_no_server_software(caller: Path) -> None:
    listed = _run([UV, "pip", "list", "--python", caller / "env/bin/python"], caller)

    assert "shopmesh-stubs" in listed
    assert not re.search(r"(?i)sqlalchemy|authlib|envoy|kafka|uvicorn", listed)


def test_without_its_extra_the_command_line_says_which(caller: Path) -> None:
    command: list[str | Path] = [caller / "env/bin/shopmesh", "--help"]
    refused = subprocess.run(command, cwd=caller, capture_output=True, text=True, check=False)

    assert refused.returncode == 1
    assert "pip install 'shopmesh[server]'" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_the_installed_stubs_satisfy_a_strict_type_checker(caller: Path) -> None:
    strict: list[str | Path] = [
        sys.executable,
        "-m",
        "mypy",
        "--strict",
        "--python-executable",
        caller / "env/bin/python",
    ]

    _run([*strict, "caller.py", "direct.py"], caller)


def _install(away: Path, *what: str | Path) -> None:
    """Install from the cache that `make setup` filled; ask the index only for what is missing there."""
    install: list[str | Path] = [UV, "pip", "install", "--quiet", "--python", away / "env/bin/python"]
    offline = subprocess.run([*install, "--offline", *what], cwd=away, capture_output=True, check=False)
    if offline.returncode != 0:
        _run([*install, "--system-certs", *what], away)


def _run(command: Sequence[str | Path], folder: Path, **variables: str) -> str:
    environ = {**os.environ, **variables}
    result = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
    return result.stdout
