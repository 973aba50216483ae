"""Rotation and scopes: the pure rules."""

from datetime import UTC, datetime, timedelta

import pytest

from services.user.domain.grant import Presentation, presentation, successor
from services.user.domain.scopes import granted_scopes

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("used_time", "expected"),
    [
        (None, Presentation.FIRST),
        (NOON, Presentation.REPEAT),
        (NOON - timedelta(seconds=10), Presentation.REPEAT),
        (NOON - timedelta(seconds=10, microseconds=1), Presentation.REUSE),
    ],
)
def test_a_repeat_is_forgiven_for_ten_seconds(used_time: datetime | None, expected: Presentation) -> None:
    assert presentation(used_time, at=NOON) is expected


def test_a_successor_needs_the_servers_key() -> None:
    ours = successor("token", server_key=b"ours")

    assert ours == successor("token", server_key=b"ours")
    assert ours != successor("token", server_key=b"theirs")
    assert ours != successor("another", server_key=b"ours")
    assert len(ours) == 43


@pytest.mark.parametrize(
    ("requested", "granted"),
    [
        (set(), {"profile", "orders"}),
        ({"orders"}, {"orders"}),
        ({"openid", "orders", "audit"}, {"openid", "orders"}),
        ({"audit"}, set()),
    ],
)
def test_a_token_carries_what_is_asked_for_and_allowed(requested: set[str], granted: set[str]) -> None:
    assert granted_scopes(frozenset(requested), frozenset({"profile", "orders"})) == granted
