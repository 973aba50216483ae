"""`--no-servers` leaves out every test that starts a database, a broker or a cache server."""

import re
from collections.abc import Sequence

import pytest

_FIXTURES = frozenset({"kafka", "mariadb", "mariadb_replica", "mongodb", "start_valkey", "valkey"})
_NAMES = re.compile("kafka|maria|mongo|redis|replica|valkey|database_away")
"""In the ids of tests that start one by themselves, or only for some of their parameters."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-servers", action="store_true", help="leave out tests on real servers")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--no-servers"):
        config.hook.pytest_deselected(items=[item for item in items if _needs_a_server(item)])
        items[:] = [item for item in items if not _needs_a_server(item)]


def _needs_a_server(item: pytest.Item) -> bool:
    fixtures: Sequence[str] = getattr(item, "fixturenames", ())
    return not _FIXTURES.isdisjoint(fixtures) or bool(_NAMES.search(item.nodeid.lower()))
