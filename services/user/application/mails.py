"""Asking for mails about accounts; the notification service sends them."""

from services.kernel.clock import Clock
from services.kernel.ids import NewId
from services.user.application.devices import Devices
from services.user.application.links import OneTimeLinks
from services.user.application.mail_limits import MailLimits
from services.user.application.ports import Unit
from services.user.domain.account import Account
from services.user.domain.events import MailPurpose, MailRequested
from services.user.domain.kept_contact import LIFETIME, KeptContact
from services.user.domain.security_event import Origin


class Mails:
    """Asks for mails within a transaction: with the change that they are about, or not at all."""

    def __init__(
        self,
        *,
        links: OneTimeLinks,
        devices: Devices,
        limits: MailLimits,
        clock: Clock,
        new_id: NewId,
    ) -> None:
        self._links = links
        self._devices = devices
        self._limits = limits
        self._clock = clock
        self._new_id = new_id

    async def send(self, unit: Unit, account: Account, purpose: MailPurpose) -> None:
        """Ask for a mail that the owner has to get."""
        await self._request(unit, account.user_id, purpose)

    async def send_for_stranger(
        self, unit: Unit, account: Account, purpose: MailPurpose, *, origin: Origin, to: str = ""
    ) -> None:
        """Ask for a mail that somebody causes who need not be the owner, unless it is one too many.

        A link lives longer each time it is asked for, whether a mail goes out or not. What is asked for from
        a device that the account knows is not counted, unless it goes to an address that may be another's.

        Args:
            unit: The transaction.
            account: Whose.
            purpose: What for.
            origin: Who asks, and from where.
            to: The address, where it is not the account's.
        """
        if self._links.is_given_for(purpose):
            await self._links.give(unit, account, purpose, request_time=self._clock())
        is_known = not to and bool(self._devices.known(account, origin.proofs))
        if is_known or await self._limits.admit(unit, to or account.email, network=origin.network):
            await self._request(unit, account.user_id, purpose)

    async def send_last(self, unit: Unit, account: Account, purpose: MailPurpose) -> None:
        """Ask for a mail to an address that the account is about to lose."""
        contact_id, expire_time = self._new_id(), self._clock() + LIFETIME
        await unit.kept_contacts.add(KeptContact(contact_id, account.email, account.locale, expire_time))
        await self._request(unit, contact_id, purpose)

    async def _request(self, unit: Unit, user_id: str, purpose: MailPurpose) -> None:
        await unit.events.publish(MailRequested(user_id, purpose, self._new_id()), actor="system")
