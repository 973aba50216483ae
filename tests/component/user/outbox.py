"""What the user service has published."""

import json
import sqlite3
from contextlib import closing
from typing import Any

from tests.component.user.conftest import RunningProvider


def events_of(provider: RunningProvider, user_id: str | None = None) -> list[dict[str, Any]]:
    """The events that wait for the relay, oldest first (no relay runs in these tests)."""
    with closing(sqlite3.connect(provider.settings.database("user"))) as database:
        bodies = [json.loads(body) for (body,) in database.execute("SELECT body FROM outbox ORDER BY id")]
    return [body for body in bodies if user_id in (None, body["key"])]


def types_of(provider: RunningProvider, user_id: str) -> list[str]:
    return [event["type"] for event in events_of(provider, user_id)]


def newest_user(provider: RunningProvider) -> str:
    return str(events_of(provider)[-1]["key"])
