"""The locks are complete, hashed and what the projects ask for."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
RUN, DEV, UV = "requirements.txt", "requirements-dev.txt", "requirements-uv.txt"
NEWEST_GRPCIO = "requirements-newest-grpcio.txt"
STUBS = "shopmesh-stubs"

ASKED_FOR = (
    "grpcio",
    "grpcio-tools",
    "protobuf",
    "grpc-interceptor",
    "sqlalchemy",
    "pymongo",
    "kafka-python",
    "redis",
    "pyyaml",
    "pytest-grpc",
)


@pytest.mark.parametrize("lock", [RUN, DEV, UV, NEWEST_GRPCIO])
def test_every_locked_package_has_a_hash_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()

    assert "://" not in text
    assert all("--hash=sha256:" in entry for entry in _entries(text))


def test_running_and_testing_use_the_same_versions() -> None:
    run, dev = _pins(RUN), _pins(DEV)

    assert {name: dev.get(name) for name in run} == run


def test_uv_installs_itself() -> None:
    assert _pins(UV).items() <= _pins(RUN).items()


@pytest.mark.parametrize("name", ASKED_FOR)
def test_the_lock_holds_what_the_mesh_is_built_on(name: str) -> None:
    assert name in _pins(DEV)


def test_the_run_lock_satisfies_what_the_projects_declare() -> None:
    project = _project("pyproject.toml")
    declared = [
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["server"],
        *_project("generated/pyproject.toml")["project"]["dependencies"],
    ]

    assert list(_unsatisfied(declared, _pins(RUN))) == []


def test_the_dev_lock_satisfies_the_tools_groups() -> None:
    groups = _project("pyproject.toml")["dependency-groups"]
    newest = groups.pop("newest-grpcio")
    declared = [entry for group in groups.values() for entry in group if isinstance(entry, str)]

    assert list(_unsatisfied(declared, _pins(DEV))) == []
    assert list(_unsatisfied(newest, _pins(NEWEST_GRPCIO))) == []


def test_the_stubs_may_be_installed_beside_all_that_can_load_them() -> None:
    code = "".join(path.read_text() for path in ROOT.joinpath("generated").rglob("*.py"))
    made_by = re.search(r"GRPC_GENERATED_VERSION = '([\d.]+)'", code)
    checked = re.search(r"Domain\.PUBLIC,\s+(\d+),\s+(\d+),\s+(\d+),", code)
    assert made_by
    assert checked

    declared = _project("generated/pyproject.toml")["project"]["dependencies"]

    assert f"grpcio>={made_by[1]},<2" in declared
    assert f"protobuf>={'.'.join(checked.groups())},<8" in declared


def test_both_distributions_are_released_together() -> None:
    root, stubs = _project("pyproject.toml"), _project("generated/pyproject.toml")

    assert stubs["project"]["version"] == root["project"]["version"]
    assert f"{STUBS}=={root['project']['version']}" in root["project"]["dependencies"]


def _project(path: str) -> dict[str, Any]:
    return tomllib.loads((ROOT / path).read_text())


def _entries(lock: str) -> list[str]:
    return [entry for entry in re.split(r"\n(?=\S)", lock) if entry.strip() and not entry.startswith("#")]


def _pins(lock: str) -> dict[str, str]:
    found = (re.match(r"(\S+)==(\S+)", entry) for entry in _entries((ROOT / lock).read_text()))
    return {canonicalize_name(match[1]): match[2] for match in found if match}


def _unsatisfied(declared: list[str], pins: dict[str, str]) -> Iterator[str]:
    for requirement in map(Requirement, declared):
        name = canonicalize_name(requirement.name)
        if name != STUBS and not (name in pins and requirement.specifier.contains(pins[name])):
            yield str(requirement)
