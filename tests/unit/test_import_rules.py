"""The table "who may import whom" refuses what it does not name."""

import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

GOOD = {
    "services/kernel/money.py": "import decimal",
    "services/order/domain/order.py": "import dataclasses\nfrom services.kernel import money",
    "services/order/application/ports.py": "from services.order.domain import order",
    "services/order/application/commands/orders.py": "from services.order.application import ports",
    "services/order/application/queries/search.py": "from services.order.application.commands import orders",
    "services/order/application/maintenance/rebuild.py": (
        "from services.order.application.queries import search"
    ),
    "services/order/adapters/orders_sql.py": (
        "import sqlalchemy\nfrom mesh import channels\nfrom services.order.application import ports\n"
        "from shopmesh.inventory.v1 import inventory_service_pb2"
    ),
    "services/order/entrypoints/servicer.py": (
        "import grpc\nfrom interceptors import auth\nfrom services.order.application.commands import orders"
    ),
    "services/order/server.py": (
        "import uvloop\nfrom interceptors import chain\n"
        "from services.order.adapters import orders_sql\nfrom services.order.entrypoints import servicer"
    ),
    "services/user/domain/user.py": "",
    "interceptors/auth.py": "import joserfc\nfrom mesh import contract",
    "interceptors/chain.py": "from interceptors import auth",
    "mesh/contract.py": "from google.protobuf import descriptor_pb2",
    "mesh/channels.py": "import grpc\nfrom interceptors import chain",
    "mesh/event_log/outbox.py": "from services.kernel import money",
}

BAD = {
    "services/kernel/clock.py": "import orjson",
    "services/order/domain/unlisted.py": "import a_package_that_nobody_listed",
    "services/order/domain/outward.py": "from services.order.application import ports",
    "services/order/application/driver.py": "import sqlalchemy",
    "services/order/application/meshed.py": "from mesh import channels",
    "services/order/adapters/use_case.py": "from services.order.application.commands import orders",
    "services/order/application/commands/asking.py": "from services.order.application.queries import search",
    "services/order/application/queries/repairing.py": (
        "from services.order.application.maintenance import rebuild"
    ),
    "services/order/adapters/sideways.py": "from services.order.entrypoints import servicer",
    "services/order/entrypoints/sideways.py": "from services.order.adapters import orders_sql",
    "services/order/entrypoints/driver.py": "import sqlalchemy",
    "services/order/entrypoints/chained.py": "from interceptors import chain",
    "services/order/server_of_another.py": "from services.user.domain import user",
    "interceptors/served.py": "from services.user.domain import user",
    "interceptors/connected.py": "from mesh import channels",
    "mesh/launcher.py": "from services.order import server",
    "mesh/messages.py": "from services.kernel import money",
    "mesh/event_log/served.py": "from services.order.domain import order",
    "mesh/contract/chained.py": "from interceptors import chain",
}


def test_the_rooms_as_designed_are_accepted(tmp_path: Path) -> None:
    result = _lint(tmp_path, GOOD)

    assert result.returncode == 0, result.stdout


@pytest.fixture(scope="module")
def refusals(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What import-linter says about a tree in which every rule is broken once."""
    tree = {path: source for path, source in {**GOOD, **BAD}.items() if path != "mesh/contract.py"}
    result = _lint(tmp_path_factory.mktemp("house"), {**tree, "mesh/contract/__init__.py": ""})
    assert result.returncode == 1, result.stdout
    return " ".join(result.stdout.split())


@pytest.mark.parametrize("path", BAD)
def test_an_import_that_the_table_does_not_name_is_refused(refusals: str, path: str) -> None:
    module = path.removesuffix(".py").replace("/", ".")

    assert f"{module} imports " in refusals


@pytest.mark.parametrize("path", GOOD)
def test_modules_beside_a_refused_one_are_not_blamed(refusals: str, path: str) -> None:
    module = path.removesuffix(".py").replace("/", ".")

    assert f"{module} imports " not in refusals


def test_a_room_that_is_apart_has_a_row_of_its_own() -> None:
    rules = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    apart = {room for rule in rules for room in rule.get("rooms_with_their_own_row", ())}

    assert apart
    assert apart <= {rule["room"] for rule in rules}


def _lint(house: Path, sources: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    for path, source in sources.items():
        (house / path).parent.mkdir(parents=True, exist_ok=True)
        (house / path).write_text(f"{source}\n")
    for folder in (path for path in house.rglob("*") if path.is_dir()):
        (folder / "__init__.py").touch()
    program = "from importlinter.cli import lint_imports_command as lint; lint()"
    return subprocess.run(
        [sys.executable, "-c", program, "--config", ROOT / "pyproject.toml", "--no-cache"],
        cwd=house,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
