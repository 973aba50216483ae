"""Changing and resetting passwords."""

from services.kernel.clock import Clock
from services.user.application.access import revoke_access
from services.user.application.guesses import Guesses
from services.user.application.links import OneTimeLinks
from services.user.application.mails import Mails
from services.user.application.matching import PasswordChecks
from services.user.application.new_passwords import NewPasswords
from services.user.application.pace import even_pace
from services.user.application.ports import MailAddresses, Unit, UnitOfWork
from services.user.application.registrations import Registrations
from services.user.domain.account import Account
from services.user.domain.device import Visitor
from services.user.domain.errors import WrongPassword
from services.user.domain.events import MailPurpose, PasswordChanged
from services.user.domain.security_event import Origin, SecurityEvent, SecurityEventKind


class Passwords:
    """The use cases of passwords."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWork,
        guesses: Guesses,
        checks: PasswordChecks,
        addresses: MailAddresses,
        passwords: NewPasswords,
        registrations: Registrations,
        links: OneTimeLinks,
        mails: Mails,
        clock: Clock,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._guesses = guesses
        self._checks = checks
        self._addresses = addresses
        self._passwords = passwords
        self._registrations = registrations
        self._links = links
        self._mails = mails
        self._clock = clock

    async def change(self, user_id: str, *, current: str, new: str, sid: str, origin: Origin) -> None:
        """Set a new password and end every other session.

        Args:
            user_id: Whose.
            current: The password as it is.
            new: The one to set.
            sid: The session that goes on.
            origin: Who, and from where.

        Raises:
            WrongPassword: The current one differs.
            TooManyAttempts: It differed too often in this session.
            TooBusy: Too many passwords are being checked.
            WeakPassword: The new one would be guessed first.
        """
        async with self._unit_of_work.write() as unit:
            account = await unit.accounts.get(user_id)
            # Counted by the session: who has one of the owner's cannot keep the owner from logging in.
            visitor = Visitor(origin.network, sid)
            attempts = await self._guesses.begin(unit, account.email, visitor)
        form = await self._checks.matching_form(
            current, account.password_hash, attempts=attempts, turn=user_id
        )
        if form is None:
            await self._note_failure(user_id, origin)
            raise WrongPassword("currentPassword is not the password of the account")
        async with self._unit_of_work.write() as unit:
            await self._guesses.forget(unit, attempts)
        password_hash = await self._passwords.hashed(new, account, field="newPassword")
        async with self._unit_of_work.write() as unit:
            kind = SecurityEventKind.PASSWORD_CHANGED
            await self._set(unit, account, password_hash, but=sid)
            await unit.security_log.add(user_id, SecurityEvent(kind, self._clock(), origin))

    async def request_reset(self, email: str, *, origin: Origin) -> None:
        """Ask for a mailed link; unknown addresses take as long and get nothing.

        An account that was never verified has no password to reset: it gets the link that sets the first.

        Raises:
            InvalidEmail: It can never get a mail.
        """
        address = self._addresses.normal(email)
        async with even_pace(), self._unit_of_work.write() as unit:
            account = await unit.accounts.find_by_email(address)
            if account is not None and not account.disabled:
                await self._mail_link(unit, account, origin)

    async def reset(self, token: str, *, new: str, origin: Origin) -> None:
        """Set a new password with a mailed link and end every login.

        Raises:
            LinkInvalid: The link is unknown, used or expired, or the account has changed since.
            WeakPassword: The new password would be guessed first; the link stays valid.
        """
        async with self._unit_of_work.read() as unit:
            account = await self._links.owner(unit, token, MailPurpose.RESET_PASSWORD)
        password_hash = await self._passwords.hashed(new, account, field="newPassword")
        async with self._unit_of_work.write() as unit:
            account = await self._links.use(unit, token, MailPurpose.RESET_PASSWORD)
            await self._set(unit, account, password_hash, but="")
            event = SecurityEvent(SecurityEventKind.PASSWORD_RESET, self._clock(), origin)
            await unit.security_log.add(account.user_id, event)

    async def _note_failure(self, user_id: str, origin: Origin) -> None:
        self._guesses.failed()
        event = SecurityEvent(SecurityEventKind.LOGIN_FAILED, self._clock(), origin, "changing the password")
        async with self._unit_of_work.write() as unit:
            await unit.security_log.add(user_id, event)

    async def _mail_link(self, unit: Unit, account: Account, origin: Origin) -> None:
        if not account.email_verified:
            await self._registrations.ask_again(unit, account, origin)
            return
        await self._mails.send_for_stranger(unit, account, MailPurpose.RESET_PASSWORD, origin=origin)

    async def _set(self, unit: Unit, account: Account, password_hash: str, *, but: str) -> None:
        now, user_id = self._clock(), account.user_id
        current = await unit.accounts.get(user_id)
        if current.password_hash != account.password_hash:
            raise WrongPassword("the password was changed in the meantime")
        await unit.accounts.save(current.with_password(password_hash, at=now))
        await revoke_access(unit, user_id, at=now, but=but)
        await self._mails.send(unit, current, MailPurpose.PASSWORD_CHANGED)
        await unit.events.publish(PasswordChanged(user_id), actor=f"customer:{user_id}")
