"""What staff does with accounts: rights, doors, and what happened to them."""

from collections.abc import Sequence

from services.kernel.clock import Clock
from services.user.application.access import revoke_access, revoke_subject
from services.user.application.guesses import Guesses
from services.user.application.mails import Mails
from services.user.application.ports import Unit, UnitOfWork
from services.user.domain.account import Account
from services.user.domain.errors import LastAdmin, OwnAccount, UnknownScope
from services.user.domain.events import MailPurpose
from services.user.domain.scopes import ADMIN_SCOPE, scope_text
from services.user.domain.security_event import Origin, SecurityEvent, SecurityEventKind


class Administration:
    """The use cases of staff. Nobody decides about their own account; somebody can always give rights."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWork,
        guesses: Guesses,
        mails: Mails,
        grantable_scopes: frozenset[str],
        clock: Clock,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._guesses = guesses
        self._mails = mails
        self._grantable_scopes = grantable_scopes
        self._clock = clock

    async def grant_scopes(self, user_id: str, scopes: Sequence[str], *, by: str, origin: Origin) -> Account:
        """Allow further scopes.

        Args:
            user_id: Whose account.
            scopes: What it may do.
            by: The id of who grants.
            origin: The same for the log.

        Raises:
            UserNotFound: There is no such account.
            UnknownScope: Accounts cannot have one of these.
            OwnAccount: It is that of who grants.
        """
        self._check_scopes(scopes)
        _check_other(user_id, by)
        async with self._unit_of_work.write() as unit:
            account = await unit.accounts.get(user_id)
            return await self._set_scopes(unit, account, account.scopes | set(scopes), scopes, origin)

    async def revoke_scopes(self, user_id: str, scopes: Sequence[str], *, by: str, origin: Origin) -> Account:
        """Take scopes away and end all sessions, so that no living token carries them.

        Raises:
            UserNotFound: There is no such account.
            OwnAccount: It is that of who takes them.
            LastAdmin: Nobody else could give rights.
        """
        _check_other(user_id, by)
        async with self._unit_of_work.write() as unit:
            account = await unit.accounts.get(user_id)
            if ADMIN_SCOPE in scopes:
                await check_admin_stays(unit, account)
            await revoke_access(unit, user_id, at=self._clock())
            return await self._set_scopes(unit, account, account.scopes - set(scopes), scopes, origin)

    async def disable(self, user_id: str, reason: str, *, by: str, origin: Origin) -> Account:
        """Keep an account from logging in and end its sessions.

        Raises:
            UserNotFound: There is no such account.
            OwnAccount: It is that of who disables it.
            LastAdmin: Nobody else could give rights.
        """
        _check_other(user_id, by)
        async with self._unit_of_work.write() as unit:
            account = await unit.accounts.get(user_id)
            if account.disabled:
                return account
            await check_admin_stays(unit, account)
            await revoke_subject(unit, user_id, at=self._clock())
            disabled = account.with_disabled(True, at=self._clock())
            await unit.accounts.save(disabled)
            await self._log(unit, user_id, SecurityEventKind.DISABLED, origin, reason)
            return disabled

    async def enable(self, user_id: str, *, origin: Origin) -> Account:
        async with self._unit_of_work.write() as unit:
            account = await unit.accounts.get(user_id)
            if not account.disabled:
                return account
            enabled = account.with_disabled(False, at=self._clock())
            await unit.accounts.save(enabled)
            await self._log(unit, user_id, SecurityEventKind.ENABLED, origin)
            return enabled

    async def unlock(self, user_id: str, *, origin: Origin) -> Account:
        """Forget the wrong passwords that were tried."""
        async with self._unit_of_work.write() as unit:
            account = await unit.accounts.get(user_id)
            await self._guesses.unlock(unit, account.email)
            await self._log(unit, user_id, SecurityEventKind.UNLOCKED, origin)
            return account

    async def log_out(self, user_id: str, *, origin: Origin) -> Account:
        """End all sessions."""
        async with self._unit_of_work.write() as unit:
            account = await unit.accounts.get(user_id)
            await revoke_access(unit, user_id, at=self._clock())
            await self._log(unit, user_id, SecurityEventKind.SESSIONS_ENDED, origin)
            return account

    async def start_reset(self, user_id: str, *, origin: Origin) -> Account:
        """Mail the link that sets a password."""
        async with self._unit_of_work.write() as unit:
            account = await unit.accounts.get(user_id)
            if not account.email_verified:
                account = account.renewed(at=self._clock())
                await unit.accounts.save(account)
            purpose = MailPurpose.RESET_PASSWORD if account.email_verified else MailPurpose.VERIFY_EMAIL
            await self._mails.send(unit, account, purpose)
            await self._log(unit, user_id, SecurityEventKind.RESET_REQUESTED, origin)
            return account

    async def events(
        self, user_id: str, *, before: int | None, size: int
    ) -> Sequence[tuple[int, SecurityEvent]]:
        """What happened to an account, newest first, each with the number that a next page starts below.

        Nothing is left of an erased one.
        """
        async with self._unit_of_work.read() as unit:
            return await unit.security_log.page(user_id, before=before, size=size)

    async def _set_scopes(
        self, unit: Unit, account: Account, scopes: frozenset[str], named: Sequence[str], origin: Origin
    ) -> Account:
        """Set an account's scopes; its owner learns of a change by mail."""
        if scopes == account.scopes:
            return account
        is_more = scopes > account.scopes
        kind = SecurityEventKind.SCOPES_GRANTED if is_more else SecurityEventKind.SCOPES_REVOKED
        changed = account.with_scopes(scopes, at=self._clock())
        await unit.accounts.save(changed)
        await self._log(unit, account.user_id, kind, origin, scope_text(named))
        await self._mails.send(unit, account, MailPurpose.RIGHTS_CHANGED)
        return changed

    async def _log(
        self, unit: Unit, user_id: str, kind: SecurityEventKind, origin: Origin, detail: str = ""
    ) -> None:
        await unit.security_log.add(user_id, SecurityEvent(kind, self._clock(), origin, detail))

    def _check_scopes(self, scopes: Sequence[str]) -> None:
        for index, scope in enumerate(scopes):
            if scope not in self._grantable_scopes:
                rule = f"has to be one of {', '.join(sorted(self._grantable_scopes))}"
                raise UnknownScope(
                    f"accounts cannot have scope {scope!r}", fields=[(f"scopes[{index}]", rule)]
                )


async def check_admin_stays(unit: Unit, account: Account) -> None:
    """Refuse what would leave nobody who can give rights.

    Raises:
        LastAdmin: The account is the last one.
    """
    if ADMIN_SCOPE in account.scopes and not await unit.accounts.count_with_scope(
        ADMIN_SCOPE, but=account.user_id
    ):
        raise LastAdmin(f"this is the last account with {ADMIN_SCOPE}; give it to another one first")


def _check_other(user_id: str, by: str) -> None:
    if user_id == by:
        raise OwnAccount("this is your own account; another member of staff has to do it")
