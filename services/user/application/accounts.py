"""Reading and changing accounts, and erasing them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from services.kernel.clock import Clock
from services.user.application.access import revoke_subject
from services.user.application.administration import check_admin_stays
from services.user.application.mails import Mails
from services.user.application.ports import CustomerOrders, MailAddresses, UnitOfWork
from services.user.domain.account import Account, Address
from services.user.domain.errors import UserNotFound
from services.user.domain.events import MailPurpose, UserErased
from services.user.domain.security_event import Origin, SecurityEvent, SecurityEventKind

_MOST_EXPORTED = 10_000


class AccountState(Enum):
    """Whether an account exists."""

    ACTIVE = "active"
    ERASED = "erased"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Export:
    """Everything that is kept about an account."""

    account: Account
    addresses: Sequence[Address]
    events: Sequence[SecurityEvent]


class Accounts:
    """The use cases of accounts."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWork,
        orders: CustomerOrders,
        addresses: MailAddresses,
        mails: Mails,
        clock: Clock,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._addresses = addresses
        self._orders = orders
        self._mails = mails
        self._clock = clock

    async def get(self, user_id: str) -> Account:
        async with self._unit_of_work.read() as unit:
            return await unit.accounts.get(user_id)

    async def update(
        self, user_id: str, *, display_name: str | None, locale: str | None, origin: Origin
    ) -> Account:
        """Change what is not None."""
        async with self._unit_of_work.write() as unit:
            account = await unit.accounts.get(user_id)
            changed = account.with_fields(display_name=display_name, locale=locale, at=self._clock())
            await unit.accounts.save(changed)
            event = SecurityEvent(SecurityEventKind.ACCOUNT_CHANGED, self._clock(), origin)
            await unit.security_log.add(user_id, event)
            return changed

    async def page(self, *, before: str | None, size: int) -> Sequence[Account]:
        async with self._unit_of_work.read() as unit:
            return await unit.accounts.page(before=before, size=size)

    async def find(self, email: str) -> Sequence[Account]:
        """The account with an address; none or one.

        Raises:
            InvalidEmail: There can be no such address.
        """
        address = self._addresses.normal(email)
        async with self._unit_of_work.read() as unit:
            found = await unit.accounts.find_by_email(address)
        return () if found is None else (found,)

    async def export(self, user_id: str) -> Export:
        async with self._unit_of_work.read() as unit:
            newest = await unit.security_log.page(user_id, before=None, size=_MOST_EXPORTED)
            return Export(
                account=await unit.accounts.get(user_id),
                addresses=await unit.addresses.page(user_id, before=None, size=1000),
                events=[event for _, event in newest[::-1]],
            )

    async def erase(self, user_id: str) -> None:
        """Erase an account for ever.

        Raises:
            UserNotFound: There is no such account.
            OpenOrders: An order is on its way.
            OrdersUnavailable: It is not known; try again.
            LastAdmin: Nobody else could give rights.
        """
        async with self._unit_of_work.read() as unit:
            await check_admin_stays(unit, await unit.accounts.get(user_id))
        await self._orders.close(user_id)
        async with self._unit_of_work.write() as unit:
            account = await unit.accounts.get(user_id)
            await check_admin_stays(unit, account)
            await self._mails.send_last(unit, account, MailPurpose.ERASED)
            await revoke_subject(unit, user_id, at=self._clock())
            await unit.accounts.erase(user_id, at=self._clock())
            await unit.events.publish(UserErased(user_id), actor=f"customer:{user_id}")

    async def state(self, user_id: str) -> AccountState:
        async with self._unit_of_work.read() as unit:
            if await unit.accounts.is_erased(user_id):
                return AccountState.ERASED
            try:
                await unit.accounts.get(user_id)
            except UserNotFound:
                return AccountState.UNKNOWN
            return AccountState.ACTIVE
