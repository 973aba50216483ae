"""Makes the demo accounts alice, bob and admin: `python -m services.user.seed`.

Their passwords are generated once and kept in `credentials.json` below the
mesh's home, readable by the owner only. Running it again changes nothing.
"""

import asyncio
import json
import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

from mesh.server.secret_files import replace_file
from mesh.settings import MeshSettings, SettingError
from services.kernel.clock import system_clock
from services.kernel.ids import uuid7
from services.user.adapters.keys_file import KeyFiles
from services.user.adapters.password_hasher_argon2 import Argon2PasswordHasher
from services.user.adapters.unit_of_work_sql import SqlUnitOfWork
from services.user.config import Settings
from services.user.domain.account import Account
from services.user.domain.events import EmailVerified, UserRegistered
from services.user.domain.scopes import CUSTOMER_SCOPES
from services.user.domain.security_event import MACHINE, SecurityEvent, SecurityEventKind
from services.user.server import open_database

_STAFF_SCOPES = frozenset(
    {"orders:fulfil", "audit", "stock:write", "catalog:write", "notifications:admin", "users:admin"}
)
_SCOPES = {"alice": CUSTOMER_SCOPES, "bob": CUSTOMER_SCOPES, "admin": CUSTOMER_SCOPES | _STAFF_SCOPES}


def main() -> None:
    """Make what is missing; never prints a secret."""
    try:
        settings = MeshSettings.from_environ(os.environ)
    except SettingError as error:
        sys.exit(str(error))
    asyncio.run(seed(settings))


async def seed(settings: MeshSettings) -> None:
    """Make the keys, the credentials and the accounts."""
    KeyFiles.of(settings).ensure()
    credentials = _credentials(settings.home / "credentials.json")
    async with open_database(Settings.of(settings).database_url) as engine:
        with Argon2PasswordHasher.opened() as hasher:
            unit_of_work = SqlUnitOfWork(engine, clock=system_clock, new_id=uuid7)
            for name, credential in credentials.items():
                await _seed_account(unit_of_work, hasher, name, credential)


def _credentials(path: Path) -> Mapping[str, Mapping[str, str]]:
    if not path.exists():
        made = {
            name: {"email": f"{name}@example.com", "password": secrets.token_urlsafe(12)} for name in _SCOPES
        }
        replace_file(path, json.dumps(made, indent=2) + "\n", mode=0o600)
    kept: Mapping[str, Mapping[str, str]] = json.loads(path.read_text())
    return kept


async def _seed_account(
    unit_of_work: SqlUnitOfWork, hasher: Argon2PasswordHasher, name: str, credential: Mapping[str, str]
) -> None:
    async with unit_of_work.read() as unit:
        if await unit.accounts.find_by_email(credential["email"]) is not None:
            return
    now, user_id = system_clock(), uuid7()
    account = Account(
        user_id=user_id,
        email=credential["email"],
        display_name=name.capitalize(),
        password_hash=await hasher.hash(credential["password"], turn=user_id),
        create_time=now,
        update_time=now,
        email_verified=True,
        scopes=_SCOPES[name],
    )
    async with unit_of_work.write() as unit:
        if await unit.accounts.find_by_email(account.email) is None:
            await unit.accounts.add(account)
            event = SecurityEvent(SecurityEventKind.REGISTERED, now, MACHINE)
            await unit.security_log.add(user_id, event)
            await unit.events.publish(UserRegistered(user_id), actor="system")
            await unit.events.publish(EmailVerified(user_id), actor="system")


if __name__ == "__main__":
    main()
