"""What is done on the machine itself: `python -m services.user.maintenance WORK NAME`.

`rescue EMAIL` lets an account give rights when nobody can any more; its log says so, and its owner is mailed.
`revoke-client NAME` ends the tokens of an OAuth client. Both need the database, not a login.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Sequence

from mesh.settings import MeshSettings, SettingError
from services.kernel.clock import system_clock
from services.kernel.errors import DomainError
from services.kernel.ids import uuid7
from services.user.adapters.clients_file import FileClientRegistry
from services.user.adapters.mail_addresses_email_validator import EmailValidatorMailAddresses
from services.user.adapters.unit_of_work_sql import SqlUnitOfWork
from services.user.application.access import revoke_client
from services.user.application.rescues import Rescues
from services.user.config import Settings
from services.user.domain.errors import UnknownClient
from services.user.server import open_database

Work = Callable[[MeshSettings, SqlUnitOfWork, str], Awaitable[str]]


def main(arguments: Sequence[str]) -> None:
    """Do a piece of work, and say what came of it."""
    if len(arguments) != 2 or arguments[0] not in WORKS:
        sys.exit(f"usage: python -m services.user.maintenance {'|'.join(WORKS)} NAME")
    try:
        done = asyncio.run(run(MeshSettings.from_environ(os.environ), *arguments))
    except (SettingError, DomainError) as error:
        sys.exit(f"nothing is changed: {error}")
    sys.stdout.write(f"{done}\n")


async def run(settings: MeshSettings, work: str, name: str) -> str:
    """Do a piece of work; returns what came of it.

    Raises:
        DomainError: A rule forbids it; nothing is changed.
    """
    async with open_database(Settings.of(settings).database_url) as engine:
        return await WORKS[work](settings, SqlUnitOfWork(engine, clock=system_clock, new_id=uuid7), name)


async def _rescue(settings: MeshSettings, unit_of_work: SqlUnitOfWork, email: str) -> str:
    rescues = Rescues(
        unit_of_work=unit_of_work,
        addresses=EmailValidatorMailAddresses(),
        clock=system_clock,
        new_id=uuid7,
    )
    account = await rescues.rescue(email)
    return f"{account.email} may now: {' '.join(sorted(account.scopes))}"


async def _revoke_client(settings: MeshSettings, unit_of_work: SqlUnitOfWork, client_id: str) -> str:
    if FileClientRegistry.of(settings).find(client_id) is None:
        raise UnknownClient(f"there is no client {client_id!r}")
    async with unit_of_work.write() as unit:
        await revoke_client(unit, client_id, at=system_clock())
    return f"the tokens of {client_id} that were issued until now have ended"


WORKS: dict[str, Work] = {"rescue": _rescue, "revoke-client": _revoke_client}


if __name__ == "__main__":
    main(sys.argv[1:])
