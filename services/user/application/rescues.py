"""The way back when nobody can give rights any more."""

from services.kernel.clock import Clock
from services.kernel.ids import NewId
from services.user.application.ports import MailAddresses, UnitOfWork
from services.user.domain.account import Account
from services.user.domain.errors import AdminExists, UserNotFound
from services.user.domain.events import MailPurpose, MailRequested
from services.user.domain.scopes import ADMIN_SCOPE
from services.user.domain.security_event import MACHINE, SecurityEvent, SecurityEventKind


class Rescues:
    """For who works on the machine itself."""

    def __init__(
        self, *, unit_of_work: UnitOfWork, addresses: MailAddresses, clock: Clock, new_id: NewId
    ) -> None:
        self._unit_of_work = unit_of_work
        self._addresses = addresses
        self._clock = clock
        self._new_id = new_id

    async def rescue(self, email: str) -> Account:
        """Let an account give rights.

        Raises:
            InvalidEmail: There can be no such address.
            AdminExists: Somebody can give rights.
            UserNotFound: There is no account with this address that may log in.
        """
        address, now = self._addresses.normal(email), self._clock()
        async with self._unit_of_work.write() as unit:
            if await unit.accounts.count_with_scope(ADMIN_SCOPE, but=""):
                raise AdminExists(f"somebody has {ADMIN_SCOPE} and can give it to others")
            account = await unit.accounts.find_by_email(address)
            if account is None or not account.may_log_in:
                raise UserNotFound("there is no account with this address that can log in")
            rescued = account.with_scopes(account.scopes | {ADMIN_SCOPE}, at=now)
            await unit.accounts.save(rescued)
            event = SecurityEvent(SecurityEventKind.SCOPES_GRANTED, now, MACHINE, ADMIN_SCOPE)
            await unit.security_log.add(account.user_id, event)
            mail = MailRequested(account.user_id, MailPurpose.RIGHTS_CHANGED, self._new_id())
            await unit.events.publish(mail, actor="system")
            return rescued
