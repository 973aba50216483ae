"""What other services learn about an account when a mail is sent."""

from dataclasses import dataclass
from datetime import datetime

from services.kernel.clock import Clock
from services.user.application.ports import UnitOfWork
from services.user.domain.events import MailPurpose
from services.user.domain.link import has_link, link_for

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

    def __init__(self, *, unit_of_work: UnitOfWork, site: str, server_key: bytes, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._site = site
        self._server_key = server_key
        self._clock = clock

    async def prepare(
        self, user_id: str, purpose: MailPurpose, *, notification_id: str, request_time: datetime
    ) -> Contact:
        """Say where to write, with a link that replaces those of older requests of its purpose.

        Raises:
            UserNotFound: There is no such account, or no longer.
        """
        if not has_link(purpose):
            async with self._unit_of_work.read() as unit:
                account = await unit.accounts.get(user_id)
            return Contact(account.email, account.display_name, account.locale, link="")
        async with self._unit_of_work.write() as unit:
            account = await unit.accounts.get(user_id)
            link, token = link_for(
                account,
                purpose,
                notification_id=notification_id,
                request_time=min(request_time, self._clock()),
                server_key=self._server_key,
            )
            await unit.links.put(link)
            url = f"{self._site}{_PAGES[purpose]}?token={token}"
            return Contact(account.email, account.display_name, account.locale, url)
