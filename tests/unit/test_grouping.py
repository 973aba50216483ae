"""Tests that share a fixture run on one worker; all others on whichever is free."""

import re
from collections import defaultdict
from collections.abc import Mapping

import pytest

from tests.support.grouping import Groups

pytest_plugins = ["pytester"]

MODULE = """
import pytest

@pytest.fixture(scope="module")
def mesh(): ...

@pytest.mark.parametrize("number", range(8))
def test_on_a_mesh(mesh, number): ...

@pytest.mark.parametrize("number", range(8))
def test_alone(number): ...
"""


def workers_of(pytester: pytest.Pytester) -> Mapping[str, set[str]]:
    """The workers that ran tests of each name in each module."""
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    pytester.makepyfile(test_one=MODULE, test_other=MODULE)
    plugins = ("tests.support.temporary", "tests.support.shared_servers", "tests.support.grouping")
    loaded = [argument for plugin in plugins for argument in ("-p", plugin)]
    result = pytester.runpytest_subprocess(*loaded, "-n", "2", "-v", "--basetemp", str(pytester.path / "tmp"))
    result.assert_outcomes(passed=32)
    workers = defaultdict(set)
    for worker, test in re.findall(r"\[(gw\d)\].* PASSED (\S+)\[", result.stdout.str()):
        workers[test].add(worker)
    return workers


def test_each_group_has_one_worker_and_both_workers_have_tests(pytester: pytest.Pytester) -> None:
    workers = workers_of(pytester)

    assert len(workers["test_one.py::test_on_a_mesh"]) == 1
    assert len(workers["test_other.py::test_on_a_mesh"]) == 1
    assert set.union(*workers.values()) == {"gw0", "gw1"}


def test_what_is_joined_through_another_is_one_group() -> None:
    groups = Groups()
    groups.join("alice", "mesh")
    groups.join("store", "admin")
    groups.join("bob")
    groups.join("mesh", "admin")

    assert len({groups.name(each) for each in ("alice", "mesh", "store", "admin")}) == 1
    assert groups.name("bob") == "bob"
