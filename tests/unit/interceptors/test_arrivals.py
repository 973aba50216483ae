"""Which buckets are kept, and for how long."""

from hypothesis import given
from hypothesis import strategies as st

from interceptors.rate_limit.arrivals import ArrivalTimes

_FEW_KEYS = st.sampled_from(["alice", "bob", "carol"])
_STEPS = st.lists(st.tuples(_FEW_KEYS, st.integers(0, 30), st.integers(0, 60)))


@given(_STEPS)
def test_what_is_forgotten_is_full(steps: list[tuple[str, int, int]]) -> None:
    arrivals, all_of_them = ArrivalTimes(1000), dict[str, float]()
    now = 0.0

    for key, passed, until_full in steps:
        now += passed
        assert arrivals.get(key, now) == max(all_of_them.get(key, now), now)
        all_of_them[key] = now + until_full
        arrivals.put(key, all_of_them[key])


def test_full_buckets_take_no_room() -> None:
    arrivals = ArrivalTimes(1000)
    most = 0

    for number in range(1000):
        arrivals.get(f"caller {number}", now=number)
        arrivals.put(f"caller {number}", number + 10)
        most = max(most, len(arrivals))

    # Ten are on their way to full at any time; a generation waits for its last, and so does the next.
    assert 10 <= most <= 40


def test_of_too_many_those_put_first_are_forgotten() -> None:
    arrivals = ArrivalTimes(10)

    for number in range(100):
        arrivals.put(str(number), 1.0)

    assert [arrivals.get(str(number), 0.0) for number in range(90, 100)] == [1.0] * 10
    assert [arrivals.get(str(number), 0.0) for number in range(80)] == [0.0] * 80


def test_who_keeps_trying_is_not_forgotten() -> None:
    arrivals = ArrivalTimes(10)
    arrivals.put("eager", 1.0)

    for number in range(100):
        arrivals.put(str(number), 1.0)
        arrivals.put("eager", arrivals.get("eager", 0.0))

    assert arrivals.get("eager", 0.0) == 1.0
