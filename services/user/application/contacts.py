"""What other services learn about an account when a mail is sent."""

from dataclasses import dataclass
from datetime import datetime

from services.kernel.clock import Clock
from services.user.application.links import OneTimeLinks
from services.user.application.ports import Unit, UnitOfWork
from services.user.domain.account import Account
from services.user.domain.errors import UserNotFound
from services.user.domain.events import MailPurpose
from services.user.domain.link import has_link

_PAGES = {
    MailPurpose.VERIFY_EMAIL: "/account/verify",
    MailPurpose.RESET_PASSWORD: "/account/reset",
    MailPurpose.CONFIRM_DEVICE: "/account/device",
    MailPurpose.CONFIRM_EMAIL: "/account/email/confirm",
}
_LAST_MAILS = frozenset({MailPurpose.EMAIL_CHANGED, MailPurpose.ERASED})
"""They go to an address that no account has any more."""


@dataclass(frozen=True, slots=True)
class Contact:
    """Where and how to write; `link` is empty where the purpose has none."""

    email: str
    display_name: str
    locale: str
    link: str = ""


class Contacts:
    """The use cases of mails."""

    def __init__(self, *, unit_of_work: UnitOfWork, links: OneTimeLinks, site: str, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._links = links
        self._site = site
        self._clock = clock

    async def prepare(self, user_id: str, purpose: MailPurpose, *, request_time: datetime) -> Contact:
        """Say where to write, with the link of the account as it is now.

        Raises:
            UserNotFound: There is no such account, or no longer.
        """
        if purpose in _LAST_MAILS:
            return await self._last(user_id)
        if not has_link(purpose):
            async with self._unit_of_work.read_one() as unit:
                account = await unit.accounts.get(user_id)
            return Contact(account.email, account.display_name, account.locale)
        async with self._unit_of_work.write() as unit:
            account = await unit.accounts.get(user_id)
            return await self._with_link(unit, account, purpose, request_time)

    async def _with_link(
        self, unit: Unit, account: Account, purpose: MailPurpose, request_time: datetime
    ) -> Contact:
        token = await self._links.give(unit, account, purpose, request_time=request_time)
        url = f"{self._site}{_PAGES[purpose]}?token={token}"
        if purpose is not MailPurpose.CONFIRM_EMAIL:
            return Contact(account.email, account.display_name, account.locale, url)
        if not account.pending_email:
            raise UserNotFound(f"account {account.user_id} waits for no new address")
        # Nobody has proved yet that the address is theirs: nothing that the account says goes there.
        return Contact(account.pending_email, "", account.locale, url)

    async def _last(self, contact_id: str) -> Contact:
        async with self._unit_of_work.read() as unit:
            kept = await unit.kept_contacts.find(contact_id, at=self._clock())
        if kept is None:
            raise UserNotFound(f"no address is kept under {contact_id}")
        return Contact(kept.email, "", kept.locale)
