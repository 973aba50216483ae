"""What to do with a mesh that is up: where it is, how to log in, calls to copy."""

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from urllib.parse import urlsplit

import typer

from mesh.client.direct import NO_PROXY, proxy_of_localhost
from mesh.launcher.backends import Backends, urls_file
from mesh.settings import MeshSettings
from mesh.topology import SERVICES, grpc_port

_ADDRESS = (
    '{"recipient":"Alice Adams","line1":"Main Street 1","city":"Berlin",'
    '"postalCode":"10115","countryCode":"DE"}'
)
_ORDER = (
    f'{{"requestId":"first-order","lines":[{{"sku":"MUG-RED","quantity":2}}],"shippingAddress":{_ADDRESS}}}'
)


def show_next_steps(settings: MeshSettings, backends: Backends, environ: Mapping[str, str]) -> None:
    """Print the URLs and examples of a running mesh."""
    program = _program("shopmesh", Path(sys.argv[0]))
    typer.echo()
    for name, where in _places(settings, program):
        typer.echo(f"{_bold(f'{name:<8}')} {where}")
    _show_backends(settings, backends)
    for title, example in _examples(settings, program):
        typer.echo(f"\n{_bold(f'# {title}')}\n{example}")
    if variable := proxy_of_localhost(environ):
        typer.echo(f"\n{variable} is set, and curl would ask that proxy for localhost. First: {NO_PROXY}")
    typer.echo(f"\nIs it well? {program} status    Stop it: {program} down")


def _bold(text: str) -> str:
    return typer.style(text, bold=True)


def _show_backends(settings: MeshSettings, backends: Backends) -> None:
    urls = backends.urls()
    for variable, url in urls.items():
        typer.echo(f"{variable}={without_password(url)}")
    if urls:
        file = quote(str(urls_file(settings.home)))
        typer.echo(f"Whole, with the passwords, for your shell: . {file}")


def without_password(url: str) -> str:
    """A URL that may be seen: its password, if it has one, is not in it."""
    password = urlsplit(url).password
    return url.replace(f":{password}@", ":…@", 1) if password else url


def _places(settings: MeshSettings, program: str) -> tuple[tuple[str, str], ...]:
    addresses = (f"{each} localhost:{grpc_port(each, offset=settings.port_offset)}" for each in SERVICES)
    return (
        ("Shop", f"{settings.issuer}/"),
        ("REST", f"{settings.issuer}/v1/products"),
        ("gRPC", ", ".join(addresses)),
        ("Log in", f"as alice, bob or admin; their passwords are in {settings.home / 'credentials.json'}"),
        ("Mails", f"{program} mail list"),
    )


def _examples(settings: MeshSettings, program: str) -> tuple[tuple[str, str], ...]:
    inventory = f"localhost:{grpc_port('inventory', offset=settings.port_offset)}"
    grpcurl = _program("grpcurl", Path(".tools/bin/grpcurl"))
    rpc = "shopmesh.inventory.v1.InventoryService/BatchGetStock"
    return (
        (
            "Look around, then order as alice",
            f"curl -s '{settings.issuer}/v1/products?query=mug'\n{_order(settings, program)}",
        ),
        ("Ask a service directly", f'{grpcurl} -plaintext -d \'{{"skus":["MUG-RED"]}}\' {inventory} {rpc}'),
        ("The same with a typed stub", _stub(inventory, _program("python", Path(sys.executable)))),
    )


def _order(settings: MeshSettings, program: str) -> str:
    return (
        f"curl -s {settings.issuer}/v1/orders -H 'Content-Type: application/json' \\\n"
        f'  -H "Authorization: Bearer $({program} token --as alice)" \\\n'
        f"  -d '{_ORDER}'"
    )


def _stub(inventory: str, python: str) -> str:
    return f"""{python} -c '
import grpc
from shopmesh.inventory.v1.inventory_service_pb2 import BatchGetStockRequest
from shopmesh.inventory.v1.inventory_service_pb2_grpc import InventoryServiceStub

direct = [("grpc.enable_http_proxy", 0)]
with grpc.insecure_channel("{inventory}", options=direct) as channel:
    print(InventoryServiceStub(channel).BatchGetStock(BatchGetStockRequest(skus=["MUG-RED"]), timeout=2))
'"""


def _program(name: str, path: Path) -> str:
    """How to call a program from here: by its name where that finds it, else by its path."""
    here = path.absolute()
    # Not resolved: the python of an environment is a link that must be called by its own name.
    if not path.exists() or Path(shutil.which(name) or "").absolute() == here:
        return name
    return str(here.relative_to(Path.cwd()) if here.is_relative_to(Path.cwd()) else here)
