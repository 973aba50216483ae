"""Another mail address for an account: the new one is proved, the old one gets a mail."""

from services.kernel.clock import Clock
from services.user.application.links import OneTimeLinks
from services.user.application.mails import Mails
from services.user.application.pace import even_pace
from services.user.application.ports import MailAddresses, Unit, UnitOfWork
from services.user.domain.account import Account
from services.user.domain.errors import EmailTaken
from services.user.domain.events import MailPurpose, UserErased
from services.user.domain.security_event import Origin, SecurityEvent, SecurityEventKind


class EmailChanges:
    """The use cases of a changed address."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWork,
        addresses: MailAddresses,
        links: OneTimeLinks,
        mails: Mails,
        clock: Clock,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._addresses = addresses
        self._links = links
        self._mails = mails
        self._clock = clock

    async def request(self, user_id: str, new_email: str, *, origin: Origin) -> None:
        """Mail a link to a new address; the caller does not learn whether another account has it.

        Raises:
            InvalidEmail: It can never get a mail.
        """
        address, now = self._addresses.normal(new_email), self._clock()
        async with even_pace(), self._unit_of_work.write() as unit:
            account = await unit.accounts.get(user_id)
            if address == account.email:
                return
            known = await unit.accounts.find_by_email(address)
            event = SecurityEvent(SecurityEventKind.EMAIL_CHANGE_REQUESTED, now, origin)
            await unit.security_log.add(user_id, event)
            if known is not None and known.email_verified:
                purpose = MailPurpose.ALREADY_REGISTERED
                await self._mails.send_for_stranger(unit, known, purpose, origin=origin)
                return
            pending = account.with_pending_email(address, at=now)
            await unit.accounts.save(pending)
            purpose = MailPurpose.CONFIRM_EMAIL
            await self._mails.send_for_stranger(unit, pending, purpose, origin=origin, to=address)

    async def confirm(self, token: str, *, origin: Origin) -> None:
        """Give an account its new address with the mailed link, which is thereby used up.

        Raises:
            LinkInvalid: It is unknown, used or expired, or the account has changed since.
            EmailTaken: Another account has the address by now.
        """
        async with self._unit_of_work.write() as unit:
            account = await self._links.use(unit, token, MailPurpose.CONFIRM_EMAIL)
            await self._make_way(unit, account)
            now = self._clock()
            await self._mails.send_last(unit, account, MailPurpose.EMAIL_CHANGED)
            await unit.accounts.save(account.with_confirmed_email(at=now))
            event = SecurityEvent(SecurityEventKind.EMAIL_CHANGED, now, origin)
            await unit.security_log.add(account.user_id, event)

    async def _make_way(self, unit: Unit, account: Account) -> None:
        """End an account that nobody has proved to own the address of."""
        known = await unit.accounts.find_by_email(account.pending_email)
        if known is None:
            return
        if known.email_verified:
            raise EmailTaken("another account has this address")
        await unit.accounts.erase(known.user_id, at=self._clock())
        await unit.events.publish(UserErased(known.user_id), actor="system")
