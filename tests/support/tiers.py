"""Which tests run: `--tier fast`, `usual` (what `make test` runs) or `long`.

fast: unit tests, each port's contract on its embedded adapter, and the component files marked `fast`, one for
each service; needs no server and no front proxy. usual: all tests but those marked `long`. long: those, and
every property-based test with ten times as many examples.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

FAST, USUAL, LONG = "fast", "usual", "long"
_ROOT = Path(__file__).parents[1]
_FAST_FOLDERS = (_ROOT / "unit", _ROOT / "contract")
_RENDERING = _ROOT / "contract" / "render"
"""No contract of a port, and it starts Envoy."""
_SERVER_FIXTURES = frozenset(
    {"kafka", "mariadb", "mariadb_replica", "mongodb", "own_place", "start_valkey", "valkey"}
)
_SERVERS = frozenset({"kafka", "mariadb", "mongodb", "redis", "valkey"})
"""Values of parameters for which a fixture asks for a server."""
_EXAMPLES = {FAST: 25, USUAL: 100, LONG: 1000}
"""With how many examples a property-based test is tried that names no number itself."""
_LONG_PROPERTY_SECONDS = 1200


def examples(count: int) -> int:
    """How many examples a property-based test is tried with, `count` in the usual tier."""
    return count * settings.default.max_examples // _EXAMPLES[USUAL]  # type: ignore[union-attr]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--tier", choices=(FAST, USUAL, LONG), default=USUAL, help="which tests run")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "fast: also part of the fast tier")
    config.addinivalue_line("markers", "long: part of the long tier only")
    # No deadline and no health checks by the clock: other things may be running on this machine.
    settings.register_profile(
        "tier",
        max_examples=_EXAMPLES[config.getoption("--tier")],
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile("tier")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    belongs = _TIERS[config.getoption("--tier")]
    config.hook.pytest_deselected(items=[item for item in items if not belongs(item)])
    items[:] = [item for item in items if belongs(item)]
    if belongs is _is_long:
        for item in filter(_is_property, items):
            item.add_marker(pytest.mark.timeout(_LONG_PROPERTY_SECONDS))


def _is_fast(item: pytest.Item) -> bool:
    in_folder = any(item.path.is_relative_to(folder) for folder in _FAST_FOLDERS)
    in_folder = in_folder and not item.path.is_relative_to(_RENDERING)
    return (in_folder or _is_marked(item, FAST)) and not _is_marked(item, LONG) and not _needs_a_server(item)


def _is_usual(item: pytest.Item) -> bool:
    return not _is_marked(item, LONG)


def _is_long(item: pytest.Item) -> bool:
    return _is_marked(item, LONG) or _is_property(item)


def _is_property(item: pytest.Item) -> bool:
    return bool(getattr(getattr(item, "obj", None), "is_hypothesis_test", False))


def _is_marked(item: pytest.Item, name: str) -> bool:
    return item.get_closest_marker(name) is not None


def _needs_a_server(item: pytest.Item) -> bool:
    call = getattr(item, "callspec", None)
    parameters = set(map(str, call.params.values())) if call else set()
    return not _SERVER_FIXTURES.isdisjoint(getattr(item, "fixturenames", ())) or bool(parameters & _SERVERS)


_TIERS: Mapping[str, Callable[[pytest.Item], bool]] = {FAST: _is_fast, USUAL: _is_usual, LONG: _is_long}
