"""What answers UNIMPLEMENTED is documented, and nothing else is."""

import inspect
import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from mesh.contract import load_contract
from mesh.topology import SERVICES

PAGE = Path(__file__).parents[2] / "docs" / "not-yet.md"


def test_the_page_lists_exactly_the_methods_that_no_servicer_answers() -> None:
    listed = set(re.findall(r"`(shopmesh\.[\w.]+/\w+)`", PAGE.read_text()))
    declared = {method.full_name[1:] for method in load_contract().methods}

    assert listed == declared - set(_answered())


def _answered() -> Iterator[str]:
    for servicer in _servicers():
        generated = next(base for base in servicer.__mro__ if base.__module__.startswith("shopmesh."))
        package = generated.__module__.rpartition(".")[0]
        service = f"{package}.{generated.__name__.removesuffix('Servicer')}"
        for name, method in inspect.getmembers(servicer, inspect.isfunction):
            if inspect.iscoroutinefunction(method) or inspect.isasyncgenfunction(method):
                yield f"{service}/{name}"


def _servicers() -> Iterator[type]:
    for service in SERVICES:
        package = import_module(f"services.{service}.entrypoints")
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            for _, found in inspect.getmembers(import_module(module.name), inspect.isclass):
                if found.__module__ == module.name and found.__name__.endswith("Servicer"):
                    yield found
