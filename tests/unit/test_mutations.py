"""The faults that are put into the code to see whether a test catches them."""

from pathlib import Path

import pytest

from tests.mutants.mutations import BOUND, CALL, CONDITION, draw, mutations_in

SOURCE = '''\
"""Über alles."""

LIMIT = 10


def admit(count: int, known: bool) -> bool:
    note("né", count)
    return not known and count <= LIMIT
'''


@pytest.fixture
def house(tmp_path: Path) -> Path:
    for room in ("services/order/domain", "mesh/cache"):
        (tmp_path / room).mkdir(parents=True)
        (tmp_path / room / "limit.py").write_text(SOURCE)
    return tmp_path


def changed(house: Path) -> dict[str, set[str]]:
    """What the lines of the file become, by the kind of fault."""
    file, found = house / "mesh" / "cache" / "limit.py", dict[str, set[str]]()
    for fault in mutations_in(file, house):
        fault.put_into(house)
        lines = set(file.read_text().splitlines()) - set(SOURCE.splitlines())
        found.setdefault(fault.kind, set()).update(line.strip() for line in lines)
        file.write_text(SOURCE)
    return found


def test_conditions_bounds_and_calls_are_changed_one_at_a_time(house: Path) -> None:
    assert changed(house) == {
        CONDITION: {
            "return (not known or count <= LIMIT)",
            "return (known) and count <= LIMIT",
            "return not known and (count < LIMIT)",
        },
        BOUND: {"LIMIT = 11"},
        CALL: {"pass"},
    }


def test_the_same_seed_draws_the_same_faults_of_every_folder(house: Path) -> None:
    drawn = draw(house, ("services", "mesh"), count=6, seed=13)

    assert drawn == draw(house, ("services", "mesh"), count=6, seed=13)
    assert len(set(drawn)) == 6
    assert {each.path for each in drawn} == {"services/order/domain/limit.py", "mesh/cache/limit.py"}
