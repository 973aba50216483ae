"""What other services learn about an account when a mail is sent."""

from dataclasses import dataclass

from services.kernel.clock import Clock
from services.user.application.ports import Unit, UnitOfWork
from services.user.domain.events import MailPurpose
from services.user.domain.link import has_link, new_link

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

    def __init__(self, *, unit_of_work: UnitOfWork, site: str, clock: Clock) -> None:
        self._unit_of_work = unit_of_work
        self._site = site
        self._clock = clock

    async def prepare(self, user_id: str, purpose: MailPurpose) -> Contact:
        """Say where to write, with a fresh link that replaces the older ones of its purpose.

        Raises:
            UserNotFound: There is no such account, or no longer.
        """
        async with self._unit_of_work.write() as unit:
            account = await unit.accounts.get(user_id)
            link = await self._link(unit, user_id, purpose) if has_link(purpose) else ""
            return Contact(account.email, account.display_name, account.locale, link)

    async def _link(self, unit: Unit, user_id: str, purpose: MailPurpose) -> str:
        link, token = new_link(user_id, purpose, at=self._clock())
        await unit.links.put(link)
        return f"{self._site}{_PAGES[purpose]}?token={token}"
