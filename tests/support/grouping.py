"""Keeps tests that share a fixture on one worker when a run has several (pytest-xdist).

A fixture that outlives its test belongs to the process that made it: a mesh, a stub shop, a module's answers.
Tests that share one, directly or through other tests, form a group. Most fixtures of `tests/support` form
none: all workers use the same server, or each has its own.
"""

from collections.abc import Iterator

import pytest

_ONE_WORKER = frozenset({"running_mesh", "mariadb_replica"})
"""The fixtures of `tests/support` that form groups."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    groups = Groups()
    for item in items:
        groups.join(*_shared_fixtures(item))
    for item in items:
        if names := tuple(_shared_fixtures(item)):
            item.add_marker(pytest.mark.xdist_group(groups.name(names[0])))


class Groups:
    """Sets of names: those joined, directly or through others, are one."""

    def __init__(self) -> None:
        self._leader: dict[str, str] = {}

    def join(self, *names: str) -> None:
        for name in names:
            self._leader[self.name(name)] = self.name(names[0])

    def name(self, member: str) -> str:
        """The name of a member's group."""
        while (leader := self._leader.get(member, member)) != member:
            member = leader
        return member


def _shared_fixtures(item: pytest.Item) -> Iterator[str]:
    for name, definitions in getattr(item, "_fixtureinfo").name2fixturedefs.items():  # noqa: B009
        definition = definitions[-1]
        if definition.scope != "function" and (definition.baseid or name in _ONE_WORKER):
            yield f"{definition.baseid}::{name}"
