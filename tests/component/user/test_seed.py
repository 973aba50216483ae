"""The demo accounts."""

import json
from pathlib import Path

import pytest
from sqlalchemy import text

from mesh.settings import MeshSettings
from mesh.sql import read
from mesh.sql.databases import database_url
from services.user.seed import seed
from services.user.server import open_database


async def test_seeding_again_changes_nothing_and_prints_nothing(
    tmp_path: Path, mysql_url: str | None, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = MeshSettings(home=tmp_path, mysql_url=mysql_url)
    await seed(settings)
    first = await _accounts(settings), (tmp_path / "credentials.json").read_text()

    await seed(settings)

    assert (await _accounts(settings), (tmp_path / "credentials.json").read_text()) == first
    assert capfd.readouterr() == ("", "")


async def test_alice_and_bob_are_customers_and_admin_is_staff(tmp_path: Path, mysql_url: str | None) -> None:
    settings = MeshSettings(home=tmp_path, mysql_url=mysql_url)
    await seed(settings)

    credentials = json.loads((tmp_path / "credentials.json").read_text())
    scopes = {email: scopes for email, scopes, verified in await _accounts(settings) if verified}

    assert [credentials[name]["email"] for name in ("alice", "bob", "admin")] == list(scopes)
    assert scopes["alice@example.com"] == scopes["bob@example.com"] == "orders profile"
    assert "users:admin" in scopes["admin@example.com"]
    assert len({each["password"] for each in credentials.values()}) == 3


async def _accounts(settings: MeshSettings) -> list[tuple[str, str, bool]]:
    asked = text("SELECT email, scopes, email_verified FROM accounts ORDER BY user_id")
    async with open_database(database_url(settings, "user")) as engine, read(engine) as session:
        return [(row.email, row.scopes, row.email_verified) for row in await session.execute(asked)]
