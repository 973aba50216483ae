"""Accounts, and what happened to them, as tables."""

from collections.abc import Iterable

from mesh.cli.table import show_table
from shopmesh.user.v1.user_service_pb2 import SecurityEvent, User

_EVENT_COLUMNS = ("TIME", "WHAT", "WHO", "ADDRESS", "DEVICE", "DETAIL")


def show_user(user: User) -> None:
    """Print one account."""
    show_table(
        ("ACCOUNT", user.email),
        (
            ("name", user.display_name),
            ("id", user.user_id),
            ("state", _state(user)),
            ("may", " ".join(user.scopes)),
            ("since", user.create_time.ToJsonString()),
        ),
    )


def show_users(users: Iterable[User]) -> None:
    """Print accounts, one a line."""
    show_table(
        ("SINCE", "ACCOUNT", "NAME", "STATE", "MAY"),
        [
            (
                user.create_time.ToJsonString(),
                user.email,
                user.display_name,
                _state(user),
                " ".join(user.scopes),
            )
            for user in users
        ],
    )


def show_events(events: Iterable[SecurityEvent]) -> None:
    """Print what happened to an account, as it comes."""
    rows = [
        (
            event.occur_time.ToJsonString(),
            event.kind,
            event.actor,
            event.address,
            event.device,
            event.detail,
        )
        for event in events
    ]
    show_table(_EVENT_COLUMNS, rows)


def _state(user: User) -> str:
    if user.disabled:
        return "disabled"
    return "can log in" if user.email_verified else "waits for its mailed link"
