"""What is kept, and for how long."""

from interceptors.core.generational_cache import GenerationalCache


def test_what_is_needed_stays() -> None:
    recent: GenerationalCache[int] = GenerationalCache(10)
    recent.put("needed", 1)

    for number in range(200):
        recent.put(f"other {number}", number)
        assert recent.get("needed") == 1


def test_what_nobody_needs_is_forgotten_but_not_too_early() -> None:
    recent: GenerationalCache[int] = GenerationalCache(10)

    for number in range(100):
        recent.put(str(number), number)

    assert [recent.get(str(number)) for number in range(90, 100)] == list(range(90, 100))
    assert all(recent.get(str(number)) is None for number in range(80))


def test_another_value_takes_the_place() -> None:
    recent: GenerationalCache[int] = GenerationalCache(2)
    recent.put("key", 1)
    recent.put("other", 1)
    recent.put("key", 2)

    assert recent.get("key") == 2
