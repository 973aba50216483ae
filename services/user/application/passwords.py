"""Changing and resetting passwords."""

from services.kernel.clock import Clock
from services.kernel.ids import NewId
from services.user.application.access import revoke_access
from services.user.application.links import OneTimeLinks
from services.user.application.mail_limits import MailLimits
from services.user.application.matching import matching_form
from services.user.application.new_passwords import NewPasswords
from services.user.application.pace import even_pace
from services.user.application.ports import MailAddresses, PasswordHasher, Unit, UnitOfWork
from services.user.application.registrations import Registrations
from services.user.domain.account import Account
from services.user.domain.errors import WrongPassword
from services.user.domain.events import MailPurpose, MailRequested, PasswordChanged


class Passwords:
    """The use cases of passwords."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWork,
        hasher: PasswordHasher,
        addresses: MailAddresses,
        passwords: NewPasswords,
        registrations: Registrations,
        links: OneTimeLinks,
        mail_limits: MailLimits,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._hasher = hasher
        self._addresses = addresses
        self._passwords = passwords
        self._registrations = registrations
        self._links = links
        self._mail_limits = mail_limits
        self._clock = clock
        self._new_id = new_id

    async def change(self, user_id: str, *, current: str, new: str, sid: str) -> None:
        """Set a new password and end every other session.

        Args:
            user_id: Whose.
            current: The password as it is.
            new: The one to set.
            sid: The session that goes on.

        Raises:
            WrongPassword: The current one differs.
            WeakPassword: The new one would be guessed first.
        """
        async with self._unit_of_work.read() as unit:
            account = await unit.accounts.get(user_id)
        if await matching_form(self._hasher, current, account.password_hash, turn=user_id) is None:
            raise WrongPassword("currentPassword is not the password of the account")
        password_hash = await self._passwords.hashed(new, account, field="newPassword")
        async with self._unit_of_work.write() as unit:
            await self._set(unit, account, password_hash, but=sid)

    async def request_reset(self, email: str, *, network: str) -> None:
        """Ask for a mailed link; unknown addresses take as long and get nothing.

        An account that was never verified has no password to reset: it gets the link that sets the first.

        Raises:
            InvalidEmail: It can never get a mail.
        """
        address = self._addresses.normal(email)
        async with even_pace(), self._unit_of_work.write() as unit:
            account = await unit.accounts.find_by_email(address)
            if account is not None:
                await self._mail_link(unit, account, network)

    async def reset(self, token: str, *, new: str) -> None:
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

    async def _mail_link(self, unit: Unit, account: Account, network: str) -> None:
        if not account.email_verified:
            await self._registrations.ask_again(unit, account, network)
            return
        await self._links.give(unit, account, MailPurpose.RESET_PASSWORD, request_time=self._clock())
        if await self._mail_limits.admit(unit, account.email, network=network):
            event = MailRequested(account.user_id, MailPurpose.RESET_PASSWORD, self._new_id())
            await unit.events.publish(event, actor="system")

    async def _set(self, unit: Unit, account: Account, password_hash: str, *, but: str) -> None:
        now, user_id = self._clock(), account.user_id
        current = await unit.accounts.get(user_id)
        if current.password_hash != account.password_hash:
            raise WrongPassword("the password was changed in the meantime")
        await unit.accounts.save(current.with_password(password_hash, at=now))
        await unit.accounts.record(user_id, "password_changed", at=now)
        await revoke_access(unit, user_id, at=now, but=but)
        await unit.events.publish(PasswordChanged(user_id), actor=f"customer:{user_id}")
