"""What other services learn about an account when a mail is sent."""

from dataclasses import dataclass
from datetime import datetime

from services.user.application.links import OneTimeLinks
from services.user.application.ports import UnitOfWork
from services.user.domain.events import MailPurpose
from services.user.domain.link import has_link

_PAGES = {MailPurpose.VERIFY_EMAIL: "/account/verify", MailPurpose.RESET_PASSWORD: "/account/reset"}


@dataclass(frozen=True, slots=True)
class Contact:
    """Where and how to write; `link` is empty where the purpose has none."""

    email: str
    display_name: str
    locale: str
    link: str


class Contacts:
    """The use cases of mails."""

    def __init__(self, *, unit_of_work: UnitOfWork, links: OneTimeLinks, site: str) -> None:
        self._unit_of_work = unit_of_work
        self._links = links
        self._site = site

    async def prepare(self, user_id: str, purpose: MailPurpose, *, request_time: datetime) -> Contact:
        """Say where to write, with the link of the account as it is now.

        Raises:
            UserNotFound: There is no such account, or no longer.
        """
        if not has_link(purpose):
            async with self._unit_of_work.read() as unit:
                account = await unit.accounts.get(user_id)
            return Contact(account.email, account.display_name, account.locale, link="")
        async with self._unit_of_work.write() as unit:
            account = await unit.accounts.get(user_id)
            token = await self._links.give(unit, account, purpose, request_time=request_time)
            url = f"{self._site}{_PAGES[purpose]}?token={token}"
            return Contact(account.email, account.display_name, account.locale, url)
