"""The first tier: versions, lifetimes, bounds, early refresh."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mesh.cache.entry import ABSENT, Entry
from mesh.cache.local import Lifetime
from tests.support.cached import Clock, Fraction, local_cache

RED_1 = Entry("MUG-RED v1", 1)
RED_2 = Entry("MUG-RED v2", 2)
GONE: Entry[str] = Entry(None, ABSENT)


def test_an_entry_is_found_until_its_time_is_over() -> None:
    clock = Clock()
    cache = local_cache(clock)
    cache.keep("MUG-RED", RED_1, load_seconds=0.001)

    assert cache.find("MUG-RED", clock.now + 9.999) is not None
    assert cache.find("MUG-RED", clock.now + 10) is None


def test_an_older_version_does_not_replace_a_newer_one() -> None:
    clock = Clock()
    cache = local_cache(clock)
    cache.keep("MUG-RED", RED_2, load_seconds=0.001)

    newest = cache.keep("MUG-RED", RED_1, load_seconds=0.001)

    held = cache.find("MUG-RED", clock.now)
    assert newest == RED_2
    assert held is not None
    assert held.entry == RED_2


def test_of_two_equal_entries_the_first_stays_even_when_its_time_was_over() -> None:
    clock = Clock()
    cache = local_cache(clock)
    cache.keep("MUG-RED", RED_1, load_seconds=0.001)
    clock.now += 10

    kept = cache.keep("MUG-RED", Entry("MUG-RED v1", 1), load_seconds=0.001)

    held = cache.find("MUG-RED", clock.now)
    assert kept is RED_1
    assert held is not None
    assert held.entry is RED_1


def test_what_comes_to_be_replaces_what_did_not_exist() -> None:
    clock = Clock()
    cache = local_cache(clock)
    cache.keep("MUG-RED", GONE, load_seconds=0.001)

    cache.keep("MUG-RED", RED_1, load_seconds=0.001)

    held = cache.find("MUG-RED", clock.now)
    assert held is not None
    assert held.entry == RED_1
    assert len(cache) == 1


def test_what_does_not_exist_is_remembered_for_a_shorter_time() -> None:
    clock = Clock()
    cache = local_cache(clock)
    cache.keep("MUG-GONE", GONE, load_seconds=0.001)

    assert cache.find("MUG-GONE", clock.now + 0.9) is not None
    assert cache.find("MUG-GONE", clock.now + 1) is None


def test_made_up_keys_are_bounded_and_push_nothing_else_out() -> None:
    clock = Clock()
    cache = local_cache(clock, most=10, most_absent=5)
    cache.keep("MUG-RED", RED_1, load_seconds=0.001)

    for number in range(1000):
        cache.keep(f"MADE-UP-{number}", GONE, load_seconds=0.001)

    assert cache.find("MUG-RED", clock.now) is not None
    assert len(cache) == 1 + 5


def test_the_oldest_of_too_many_entries_goes_first() -> None:
    clock = Clock()
    cache = local_cache(clock, most=2)

    for sku in ("A", "B", "C"):
        cache.keep(sku, Entry(sku, 1), load_seconds=0.001)

    assert [sku for sku in "ABC" if cache.find(sku, clock.now)] == ["B", "C"]


@pytest.mark.parametrize("entry", [RED_1, GONE])
def test_a_lifetime_of_nothing_keeps_nothing(entry: Entry[str]) -> None:
    cache = local_cache(Clock(), lifetime=Lifetime(seconds=0, absent_seconds=0))

    cache.keep("MUG-RED", entry, load_seconds=0.001)

    assert len(cache) == 0


def test_entries_that_were_loaded_together_do_not_end_together() -> None:
    clock = Clock()
    ends = set()
    for random in (0.0, 0.25, 0.5, 0.75):
        cache = local_cache(clock, random=random)
        cache.keep("MUG-RED", RED_1, load_seconds=0.001)
        held = cache.find("MUG-RED", clock.now)
        assert held is not None
        ends.add(held.expire_at - clock.now)

    assert ends == {10.0, 9.75, 9.5, 9.25}


@given(random=st.floats(0, 1, exclude_max=True), load_seconds=st.floats(0.001, 5))
def test_an_entry_is_refreshed_before_its_end_the_earlier_the_dearer_it_is(
    random: float, load_seconds: float
) -> None:
    clock = Clock()
    cache = local_cache(clock, random=random)
    cache.keep("MUG-RED", RED_1, load_seconds=load_seconds)

    held = cache.find("MUG-RED", clock.now)

    assert held is not None
    early = held.expire_at - held.refresh_at
    # XFetch: beta 1, at least as if loading took a fiftieth of the lifetime.
    assert early == pytest.approx(max(load_seconds, 0.2) * -math.log(1 - random), abs=1e-6)


def test_a_random_number_is_drawn_for_each_entry() -> None:
    clock, random = Clock(), Fraction(0.0)
    cache = local_cache(clock)
    cache._random = random
    cache.keep("A", RED_1, load_seconds=0.001)
    random.value = 0.5
    cache.keep("B", RED_1, load_seconds=0.001)

    a, b = cache.find("A", clock.now), cache.find("B", clock.now)

    assert a is not None
    assert b is not None
    assert (a.expire_at, a.refresh_at) != (b.expire_at, b.refresh_at)
