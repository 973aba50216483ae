"""A part that keeps ending is started ever less often."""

from mesh.launcher.part_process import Backoff


def test_pauses_double_up_to_the_longest() -> None:
    backoff = Backoff(first_seconds=0.5, longest_seconds=3)

    assert [backoff.pause_seconds(failures) for failures in range(1, 6)] == [0.5, 1, 2, 3, 3]


def test_a_pause_stays_bounded_however_long_it_goes_on() -> None:
    assert Backoff(longest_seconds=10).pause_seconds(10_000) == 10
