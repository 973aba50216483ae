"""The sending budget of a provider: its rate as a token bucket, its quota, and pauses."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.notification.domain.budget import (
    LEARN_SECONDS,
    LONGEST_PAUSE_SECONDS,
    Allowance,
    SendingBudget,
)
from services.notification.domain.provider import Condition, ProviderState
from tests.support.events import MORNING


def budget(rate: float, *, quota: int | None = None, used: int = 0) -> SendingBudget:
    return SendingBudget("ses").learned(MORNING, Allowance(rate, quota, used))


def later(seconds: float) -> datetime:
    return MORNING + timedelta(seconds=seconds)


@given(
    rate=st.floats(0.1, 500),
    turns=st.lists(st.tuples(st.floats(0, 3), st.integers(1, 16)), min_size=1, max_size=60),
)
def test_within_any_time_no_more_than_the_rate_and_one_bucket_is_sent(
    rate: float, turns: list[tuple[float, int]]
) -> None:
    now, known, sent = MORNING, budget(rate), 0
    for pause, wanted in turns:
        now += timedelta(seconds=pause)
        count = known.mails_now(now, wanted, about_an_account=True)
        known, sent = known.charged(now, count), sent + count

    elapsed = (now - MORNING).total_seconds()
    assert sent <= rate * elapsed + max(1, rate) + 0.001 * len(turns)


@given(rate=st.floats(0.1, 500), sent=st.integers(1, 40))
def test_after_its_wait_the_next_mail_may_go(rate: float, sent: int) -> None:
    spent = budget(rate).charged(MORNING, sent)
    wait = spent.wait_seconds(MORNING)

    assert spent.mails_now(later(wait + 0.001), 1, about_an_account=True) == 1
    assert (wait == 0) == (spent.mails_now(MORNING, 1, about_an_account=True) == 1)


def test_where_the_provider_says_no_rate_any_is_taken() -> None:
    unknown = SendingBudget("ses").learned(MORNING, None)
    assert unknown.charged(MORNING, 1000).mails_now(MORNING, 16, about_an_account=True) == 16


def test_too_fast_is_a_pause_twice_as_long_each_time() -> None:
    for first in (budget(14), SendingBudget("ses")):
        known, now, pauses = first, MORNING, []
        for _ in range(8):
            known = known.slowed(now)
            assert known.mails_now(now, 16, about_an_account=True) == 0
            pauses.append(known.wait_seconds(now))
            now += timedelta(seconds=pauses[-1] + 0.001)
        assert pauses == sorted(pauses)
        assert 1 <= pauses[0] <= 2.1
        assert LONGEST_PAUSE_SECONDS <= pauses[-1] <= LONGEST_PAUSE_SECONDS + 1


def test_mails_of_one_moment_slow_down_once() -> None:
    assert budget(14).slowed(MORNING).slowed(MORNING) == budget(14).slowed(MORNING)


def test_once_mails_are_taken_again_a_pause_is_short_again() -> None:
    slow = budget(14).slowed(MORNING)
    learned = slow.learned(later(LEARN_SECONDS), Allowance(14, None, 0))
    assert learned.slow_downs == 0


def test_a_share_of_the_quota_is_kept_for_accounts() -> None:
    for used, condition in (
        (0, Condition.READY),
        (189, Condition.READY),
        (190, Condition.ACCOUNTS_ONLY),
        (199, Condition.ACCOUNTS_ONLY),
        (200, Condition.QUOTA_USED_UP),
        (250, Condition.QUOTA_USED_UP),
    ):
        state = ProviderState("ses").with_room(Allowance(14, 200, used), MORNING)
        assert state.condition is condition, used
        assert state.takes(about_an_account=True) == (condition is not Condition.QUOTA_USED_UP)
        assert state.takes(about_an_account=False) == (condition is Condition.READY)


def test_without_a_quota_there_is_always_room() -> None:
    assert ProviderState("ses").with_room(Allowance(14, None, 10**9), MORNING).is_ready


def test_what_is_known_is_old_after_a_while() -> None:
    assert SendingBudget("ses").is_stale(MORNING)
    assert not budget(14).is_stale(later(LEARN_SECONDS - 1))
    assert budget(14).is_stale(later(LEARN_SECONDS))
