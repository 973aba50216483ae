"""The simulated warehouse: its numbers, what it says of them, and how it misbehaves."""

import random

from mesh.simulator.faults import FaultInjector, FaultProfile
from mesh.simulator.warehouse import Shelf, Warehouse
from shopmesh.inventory.v1.wms_service_pb2 import StockUpdate

PLACE = ("MUG-RED", "berlin")


def warehouse(seed: int = 1) -> Warehouse:
    return Warehouse({PLACE: Shelf(number=20, first=7)}, random.Random(seed))


def said(update: StockUpdate, number: int) -> int:
    """The number after an update."""
    return update.count.on_hand if update.HasField("count") else number + update.delta.quantity


def test_what_is_said_adds_up_to_the_numbers() -> None:
    played, number = warehouse(), 20

    updates = [played.happen() for _ in range(200)]
    for update in updates:
        number = said(update, number)
        assert number >= 0

    assert [update.sequence for update in updates] == list(range(7, 207))
    assert [line.on_hand for line in played.snapshot()] == [number]


def test_all_can_be_said_again_from_any_sequence_on() -> None:
    played = warehouse()
    updates = [played.happen() for _ in range(5)]

    assert played.reported_from(PLACE, 9) == updates[2:]
    assert played.reported_from(PLACE, 1) == updates


def test_the_same_seed_makes_the_same_happenings() -> None:
    first, second = warehouse(3), warehouse(3)

    for _ in range(20):
        one, other = first.happen(), second.happen()
        assert (one.sequence, one.count, one.delta) == (other.sequence, other.count, other.delta)


def test_injected_faults_repeat_and_delay_and_lose_nothing() -> None:
    played, chance = warehouse(), random.Random(5)
    injector = FaultInjector(FaultProfile(duplicates=0.3, disorder=0.3), chance)

    happened = [played.happen() for _ in range(100)]
    passed = [each.sequence for update in happened for each in injector.pass_on(update)]
    passed += [each.sequence for each in injector.rest()]

    assert set(passed) == {update.sequence for update in happened}
    assert len(passed) > 100
    assert passed != sorted(passed)
    assert not injector.rest()


def test_what_is_only_held_back_is_said_once() -> None:
    played = warehouse()
    injector = FaultInjector(FaultProfile(disorder=0.3), random.Random(5))

    happened = [played.happen() for _ in range(100)]
    passed = [each.sequence for update in happened for each in injector.pass_on(update)]
    passed += [each.sequence for each in injector.rest()]

    assert passed != sorted(passed)
    assert sorted(passed) == [update.sequence for update in happened]


def test_without_faults_every_update_is_sent_once_and_in_order() -> None:
    played = warehouse()
    injector = FaultInjector(FaultProfile(), random.Random(5))

    happened = [played.happen() for _ in range(20)]

    assert [each for update in happened for each in injector.pass_on(update)] == happened
