"""One-time links: given out with a mail, used once."""

import hmac
from datetime import datetime

from services.kernel.clock import Clock
from services.user.application.ports import Unit
from services.user.domain.account import Account
from services.user.domain.errors import LinkInvalid
from services.user.domain.events import MailPurpose
from services.user.domain.link import LIFETIMES, Link, digest, has_link, token_for


class OneTimeLinks:
    """Gives and takes the links of accounts, within a transaction."""

    def __init__(self, *, server_key: bytes, clock: Clock) -> None:
        self._server_key = server_key
        self._clock = clock

    @staticmethod
    def is_given_for(purpose: MailPurpose) -> bool:
        """Whether mails of a purpose carry a link."""
        return has_link(purpose)

    async def give(
        self, unit: Unit, account: Account, purpose: MailPurpose, *, request_time: datetime
    ) -> str:
        """The token of a link for an account as it is now.

        Args:
            unit: The transaction.
            account: Whose.
            purpose: What it does.
            request_time: When the mail was asked for; the link's life counts from there.
        """
        token = token_for(account, purpose, server_key=self._server_key)
        expire_time = min(request_time, self._clock()) + LIFETIMES[purpose]
        await unit.links.put(Link(account.user_id, purpose, digest(token), expire_time))
        return token

    async def use(self, unit: Unit, token: str, purpose: MailPurpose) -> Account:
        """Use a link up; the account that it belongs to.

        Raises:
            LinkInvalid: It is unknown, used or expired, or the account has changed since.
        """
        account = await self.owner(unit, token, purpose)
        if not await unit.links.take(digest(token), purpose, at=self._clock()):
            raise _invalid(purpose)
        return account

    async def owner(self, unit: Unit, token: str, purpose: MailPurpose) -> Account:
        """The account that a link belongs to, which stays as it is.

        Raises:
            LinkInvalid: It is unknown, used or expired, or the account has changed since.
        """
        user_id = await unit.links.find(digest(token), purpose, at=self._clock())
        if user_id is None:
            raise _invalid(purpose)
        account = await unit.accounts.get(user_id)
        if not hmac.compare_digest(token, token_for(account, purpose, server_key=self._server_key)):
            raise _invalid(purpose)
        return account


def _invalid(purpose: MailPurpose) -> LinkInvalid:
    hours = LIFETIMES[purpose].total_seconds() / 3600
    life = f"{hours:g} hours" if hours >= 1 else f"{hours * 60:g} minutes"
    return LinkInvalid(f"the link is unknown or older than {life}, was used, or is of no use any more")
