"""Both distributions work where there is no checkout: built, installed, used and type-checked."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.running_mesh import RunningMesh

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
def caller(environment: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `env`, which has only what a caller needs, and the documented `caller.py`."""
    away = tmp_path_factory.mktemp("caller")
    _run([sys.executable, "-m", "venv", "--without-pip", away / "env"], away)
    _install(away, "-c", ROOT / "requirements.txt", *(environment / "wheels").glob("*.whl"))
    page = ROOT.joinpath("docs/calling-from-a-service.md").read_text()
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    away.joinpath("caller.py").write_text(example)
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


def test_the_installed_stubs_satisfy_a_strict_type_checker(caller: Path) -> None:
    python = caller / "env/bin/python"

    _run([sys.executable, "-m", "mypy", "--strict", "--python-executable", python, "caller.py"], caller)


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
