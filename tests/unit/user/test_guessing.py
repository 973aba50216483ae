"""The rules of guessing, in whichever rhythm somebody guesses."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.user.domain.guessing import GuessingRule, GuessingRules
from services.user.domain.limit import Limit
from services.user.domain.network import network_prefix

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
RULES = GuessingRules.of(of_one_account=10, from_one_network=20)


def failures_of(rule: GuessingRule, steps: list[timedelta]) -> list[datetime]:
    """Failed logins after each of these pauses, without those that the rule refuses."""
    failures, now = list[datetime](), NOON
    for step in steps:
        now += step
        if not rule.wait(failures, at=now):
            failures.append(now)
    return failures


def most_within(failures: list[datetime], span: timedelta) -> int:
    return max((sum(start <= each < start + span for each in failures) for start in failures), default=0)


@given(st.lists(st.timedeltas(timedelta(), timedelta(minutes=30)), max_size=400))
def test_no_rhythm_gets_more_than_the_limits(steps: list[timedelta]) -> None:
    failures = failures_of(RULES.account, steps)

    assert most_within(failures, timedelta(minutes=15)) <= 10
    assert most_within(failures, timedelta(days=1)) <= 100
    assert most_within(failures_of(RULES.network, steps), timedelta(minutes=1)) <= 20


def test_a_day_of_tireless_guessing_is_a_hundred_guesses() -> None:
    failures = failures_of(RULES.account, [timedelta(seconds=10)] * 6 * 60 * 24)

    assert most_within(failures, timedelta(days=1)) == 100


@given(st.lists(st.timedeltas(timedelta(), timedelta(minutes=5)), min_size=1, max_size=50))
def test_a_wait_is_long_enough(steps: list[timedelta]) -> None:
    failures = failures_of(RULES.account, steps)
    now = failures[-1]

    wait = RULES.account.wait(failures, at=now)

    assert not RULES.account.wait(failures, at=now + wait)


def test_a_limit_waits_for_the_oldest_that_counts() -> None:
    limit = Limit(2, timedelta(minutes=1))
    times = [NOON - timedelta(seconds=90), NOON - timedelta(seconds=40), NOON - timedelta(seconds=10)]

    assert limit.wait(times, at=NOON) == timedelta(seconds=20)
    assert limit.wait(times[:2], at=NOON) == timedelta()


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("198.51.100.7", "198.51.100.0/24"),
        ("::ffff:198.51.100.200", "198.51.100.0/24"),
        ("2001:db8:1:2ff::1", "2001:db8:1:200::/56"),
        ("2001:db8:1:200:ffff::", "2001:db8:1:200::/56"),
        ("unknown", "unknown"),
        ("", ""),
    ],
)
def test_an_address_stands_for_its_network(address: str, network: str) -> None:
    assert network_prefix(address) == network
