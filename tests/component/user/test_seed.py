"""The demo accounts."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from mesh.settings import MeshSettings
from services.user.seed import seed


async def test_seeding_again_changes_nothing_and_prints_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = MeshSettings(home=tmp_path)
    await seed(settings)
    first = _accounts(settings), (tmp_path / "credentials.json").read_text()

    await seed(settings)

    assert (_accounts(settings), (tmp_path / "credentials.json").read_text()) == first
    assert capfd.readouterr() == ("", "")


async def test_alice_and_bob_are_customers_and_admin_is_staff(tmp_path: Path) -> None:
    settings = MeshSettings(home=tmp_path)
    await seed(settings)

    credentials = json.loads((tmp_path / "credentials.json").read_text())
    scopes = {email: scopes for email, scopes, verified in _accounts(settings) if verified}

    assert [credentials[name]["email"] for name in ("alice", "bob", "admin")] == list(scopes)
    assert scopes["alice@example.com"] == scopes["bob@example.com"] == "orders profile"
    assert "users:admin" in scopes["admin@example.com"]
    assert len({each["password"] for each in credentials.values()}) == 3


def _accounts(settings: MeshSettings) -> list[tuple[str, str, bool]]:
    with closing(sqlite3.connect(settings.database("user"))) as database:
        return database.execute(
            "SELECT email, scopes, email_verified FROM accounts ORDER BY user_id"
        ).fetchall()
