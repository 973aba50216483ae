"""Making accounts: who has the mail chooses how to log in."""

from services.kernel.clock import Clock
from services.kernel.ids import NewId
from services.user.application.links import OneTimeLinks
from services.user.application.mails import Mails
from services.user.application.new_passwords import NewPasswords
from services.user.application.pace import even_pace
from services.user.application.ports import MailAddresses, Unit, UnitOfWork
from services.user.domain.account import Account
from services.user.domain.events import EmailVerified, MailPurpose, UserErased, UserRegistered
from services.user.domain.security_event import Origin, SecurityEvent, SecurityEventKind


class Registrations:
    """The use cases before the first login."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWork,
        addresses: MailAddresses,
        passwords: NewPasswords,
        links: OneTimeLinks,
        mails: Mails,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._addresses = addresses
        self._passwords = passwords
        self._links = links
        self._mails = mails
        self._clock = clock
        self._new_id = new_id

    async def register(self, *, email: str, locale: str | None, origin: Origin) -> None:
        """Mail a link to an address, or that there is an account already.

        Nothing that a caller sees distinguishes the two: both are answered at an even pace.

        Args:
            email: As it was typed.
            locale: The language of a new account; None: the shop's.
            origin: Who asks, and from where.

        Raises:
            InvalidEmail: It can never get a mail.
            InvalidField: The language is none.
        """
        address, now = self._addresses.normal(email), self._clock()
        new = Account.registered(self._new_id(), address, locale=locale, at=now)
        async with even_pace(), self._unit_of_work.write() as unit:
            known = await unit.accounts.find_by_email(address)
            if known is None:
                await self._add(unit, new, origin)
            if known is not None and known.email_verified:
                purpose = MailPurpose.ALREADY_REGISTERED
                await self._mails.send_for_stranger(unit, known, purpose, origin=origin)
            else:
                await self.ask_again(unit, known or new, origin)

    async def ask_again(self, unit: Unit, account: Account, origin: Origin) -> None:
        """Send the link of an account that was not verified yet once more, or let it live longer."""
        renewed = account.renewed(at=self._clock())
        await unit.accounts.save(renewed)
        await self._mails.send_for_stranger(unit, renewed, MailPurpose.VERIFY_EMAIL, origin=origin)

    async def verify(self, token: str, *, password: str, display_name: str, origin: Origin) -> Account:
        """Set the password and the name of a new account with its mailed link, which is thereby used up.

        Raises:
            LinkInvalid: It is unknown, used or expired, or the account has changed since.
            WeakPassword: The password would be guessed first; the link stays valid.
        """
        async with self._unit_of_work.read() as unit:
            account = await self._links.owner(unit, token, MailPurpose.VERIFY_EMAIL)
        password_hash = await self._passwords.hashed(password, account, field="password")
        async with self._unit_of_work.write() as unit:
            account = await self._links.use(unit, token, MailPurpose.VERIFY_EMAIL)
            now = self._clock()
            verified = account.verified(password_hash, display_name=display_name, at=now)
            await unit.accounts.save(verified)
            event = SecurityEvent(SecurityEventKind.EMAIL_VERIFIED, now, origin)
            await unit.security_log.add(account.user_id, event)
            await unit.events.publish(EmailVerified(account.user_id), actor=f"customer:{account.user_id}")
            return verified

    async def forget_expired(self) -> None:
        """End the accounts whose last link has expired."""
        async with self._unit_of_work.write() as unit:
            for user_id in await unit.accounts.expired(at=self._clock()):
                await unit.accounts.erase(user_id, at=self._clock())
                await unit.events.publish(UserErased(user_id), actor="system")

    async def _add(self, unit: Unit, new: Account, origin: Origin) -> None:
        await unit.accounts.add(new)
        event = SecurityEvent(SecurityEventKind.REGISTERED, new.create_time, origin)
        await unit.security_log.add(new.user_id, event)
        await unit.events.publish(UserRegistered(new.user_id), actor=f"customer:{new.user_id}")
