"""Both distributions work where there is no checkout: built, installed, used and type-checked."""

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import grpc
import pytest
from google.type.money_pb2 import Money

from shopmesh.inventory.v1 import catalog_service_pb2 as catalog

ROOT = Path(__file__).parents[2]
UV = Path(sys.executable).with_name("uv")

CALLER = '''
"""Ask the catalogue at an address for one price."""

import asyncio
import sys

import grpc.aio
from google.type.money_pb2 import Money
from shopmesh.inventory.v1.catalog_service_pb2 import GetProductRequest
from shopmesh.inventory.v1.catalog_service_pb2_grpc import CatalogServiceStub


async def price_of(sku: str, address: str) -> Money:
    """Return the price."""
    async with grpc.aio.insecure_channel(address) as channel:
        answer = await CatalogServiceStub(channel).GetProduct(GetProductRequest(sku=sku), timeout=10)
        return answer.product.price


price = asyncio.run(price_of("MUG-RED", sys.argv[1]))
print(price.units, price.currency_code)
'''

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
    """A folder with `env`, an environment of the locked packages and the two wheels, and `caller.py`."""
    away = tmp_path_factory.mktemp("away")
    for project in (ROOT / "generated", ROOT):
        _run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", away / "wheels"], project)
    _run([sys.executable, "-m", "venv", "--without-pip", away / "env"], away)
    _install(away, "--require-hashes", "-r", ROOT / "requirements.txt")
    _install(away, "--no-deps", *(away / "wheels").glob("*.whl"))
    (away / "caller.py").write_text(CALLER)
    return away


def test_the_command_line_starts(environment: Path) -> None:
    assert "Usage: shopmesh" in _run([environment / "env/bin/shopmesh", "--help"], environment)


def test_everything_comes_from_the_wheels(environment: Path) -> None:
    origins = _run([environment / "env/bin/python", "-I", "-c", ORIGINS], environment).split()

    assert len(origins) == 4
    assert all(Path(origin).is_relative_to(environment / "env") for origin in origins)


async def test_a_typed_call_is_answered(environment: Path) -> None:
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((_catalogue(),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        python = environment / "env/bin/python"
        answer = await asyncio.to_thread(_run, [python, "-I", "caller.py", f"127.0.0.1:{port}"], environment)
    finally:
        await server.stop(grace=None)

    assert answer == "12 EUR\n"


def test_the_installed_stubs_satisfy_a_strict_type_checker(environment: Path) -> None:
    python = environment / "env/bin/python"

    _run([sys.executable, "-m", "mypy", "--strict", "--python-executable", python, "caller.py"], environment)


def _catalogue() -> grpc.GenericRpcHandler:
    """A catalogue in which everything costs 12 EUR."""

    async def get_product(request: catalog.GetProductRequest, _: object) -> catalog.GetProductResponse:
        product = catalog.Product(sku=request.sku, price=Money(currency_code="EUR", units=12))
        return catalog.GetProductResponse(product=product)

    method = grpc.unary_unary_rpc_method_handler(
        get_product,
        request_deserializer=catalog.GetProductRequest.FromString,
        response_serializer=catalog.GetProductResponse.SerializeToString,
    )
    return grpc.method_handlers_generic_handler(
        "shopmesh.inventory.v1.CatalogService", {"GetProduct": method}
    )


def _install(away: Path, *what: str | Path) -> None:
    """Install from the cache that `make setup` filled; ask the index only for what is missing there."""
    install: list[str | Path] = [UV, "pip", "install", "--quiet", "--python", away / "env/bin/python"]
    offline = subprocess.run([*install, "--offline", *what], cwd=away, capture_output=True, check=False)
    if offline.returncode != 0:
        _run([*install, "--system-certs", *what], away)


def _run(command: Sequence[str | Path], folder: Path) -> str:
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"{command}\n{result.stdout}\n{result.stderr}"
    return result.stdout
