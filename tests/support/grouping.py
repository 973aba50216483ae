"""Keeps tests that share a fixture on one worker when a run has several (pytest-xdist).

A fixture that outlives its test belongs to the process that made it: a mesh, a stub shop, a module's answers.
Tests that share one, directly or through other tests, form a group. Most fixtures of `tests/support` form
none: all workers use the same server, or each has its own.

pytest-xdist's `--dist=loadgroup` does the same, but finds no groups with pytest 9.2 (its issue 1386).
"""

import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from tests.support.shared_servers import SHARED

_ONE_WORKER = frozenset({"mariadb_replica"})
"""The fixtures of `tests/support` that form groups."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not hasattr(config, "workerinput"):
        return
    # Every worker writes the same; the scheduler reads it once all have collected.
    file = _file(config)
    own = file.with_suffix(f".{config.workerinput['workerid']}")
    own.write_text(json.dumps(groups_of(items)))
    own.replace(file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    return GroupScheduling(config, log)


class GroupScheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Gives a group to one worker, and each other test to whichever has least to do."""

    @cached_property
    def _group_of(self) -> Mapping[str, str]:
        groups: Mapping[str, str] = json.loads(_file(self.config).read_text())
        return groups

    def _split_scope(self, nodeid: str) -> str:
        return self._group_of.get(nodeid, nodeid)


def groups_of(items: list[pytest.Item]) -> dict[str, str]:
    """The group of each test that has one."""
    groups = Groups()
    for item in items:
        groups.join(*_shared_fixtures(item))
    return {item.nodeid: groups.name(fixture) for item in items for fixture in _shared_fixtures(item)}


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


def _file(config: pytest.Config) -> Path:
    return config.stash[SHARED].folder / "groups.json"
