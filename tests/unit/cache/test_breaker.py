"""A server that has failed is left alone, then tried by one."""

from mesh.cache.breaker import Breaker
from tests.support.cached import Clock


def test_after_a_failure_nobody_tries_until_the_pause_is_over_and_then_one_does() -> None:
    clock = Clock()
    breaker = Breaker(pause_seconds=1, monotonic=clock)
    assert breaker.admits()

    breaker.failed()
    assert not breaker.admits()
    clock.now += 1

    assert [breaker.admits() for _ in range(3)] == [True, False, False]


def test_a_success_lets_everybody_try_again() -> None:
    clock = Clock()
    breaker = Breaker(pause_seconds=1, monotonic=clock)
    breaker.failed()
    clock.now += 1
    assert breaker.admits()

    breaker.succeeded()

    assert [breaker.admits() for _ in range(3)] == [True, True, True]


def test_a_failed_attempt_begins_another_pause() -> None:
    clock = Clock()
    breaker = Breaker(pause_seconds=1, monotonic=clock)
    breaker.failed()
    clock.now += 1
    assert breaker.admits()

    breaker.failed()
    clock.now += 0.9

    assert not breaker.admits()
