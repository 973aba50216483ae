"""Lets an account give rights when nobody can any more: `python -m services.user.rescue EMAIL`.

For who works on the machine itself: it needs the database, not a login. It is logged in the account, and its
owner gets a mail.
"""

import asyncio
import os
import sys
from collections.abc import Sequence

from mesh.settings import MeshSettings, SettingError
from services.kernel.clock import system_clock
from services.kernel.errors import DomainError
from services.kernel.ids import uuid7
from services.user.adapters.mail_addresses_email_validator import EmailValidatorMailAddresses
from services.user.adapters.unit_of_work_sql import SqlUnitOfWork
from services.user.application.rescues import Rescues
from services.user.config import Settings
from services.user.domain.account import Account
from services.user.server import open_database


def main(arguments: Sequence[str]) -> None:
    """Rescue, and say what the account may do now."""
    if len(arguments) != 1:
        sys.exit("usage: python -m services.user.rescue EMAIL")
    try:
        account = asyncio.run(rescue(MeshSettings.from_environ(os.environ), arguments[0]))
    except (SettingError, DomainError) as error:
        sys.exit(f"nothing is changed: {error}")
    sys.stdout.write(f"{account.email} may now: {' '.join(sorted(account.scopes))}\n")


async def rescue(settings: MeshSettings, email: str) -> Account:
    """Give the account with an address the right to give rights.

    Raises:
        DomainError: There is somebody who has it, or no such account.
    """
    async with open_database(Settings.of(settings).database_url) as engine:
        rescues = Rescues(
            unit_of_work=SqlUnitOfWork(engine, clock=system_clock, new_id=uuid7),
            addresses=EmailValidatorMailAddresses(),
            clock=system_clock,
            new_id=uuid7,
        )
        return await rescues.rescue(email)


if __name__ == "__main__":
    main(sys.argv[1:])
