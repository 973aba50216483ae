"""Reading and changing accounts, and erasing them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from services.kernel.clock import Clock
from services.user.application.access import revoke_access, revoke_subject
from services.user.application.ports import CustomerOrders, MailAddresses, UnitOfWork
from services.user.domain.account import Account, Activity, Address
from services.user.domain.errors import UnknownScope, UserNotFound
from services.user.domain.events import UserErased
from services.user.domain.scopes import scope_text


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
    activities: Sequence[Activity]


class Accounts:
    """The use cases of accounts."""

    def __init__(
        self,
        *,
        unit_of_work: UnitOfWork,
        orders: CustomerOrders,
        addresses: MailAddresses,
        grantable_scopes: frozenset[str],
        clock: Clock,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._addresses = addresses
        self._orders = orders
        self._grantable_scopes = grantable_scopes
        self._clock = clock

    async def get(self, user_id: str) -> Account:
        async with self._unit_of_work.read() as unit:
            return await unit.accounts.get(user_id)

    async def update(self, user_id: str, *, display_name: str | None, locale: str | None) -> Account:
        """Change what is not None."""
        async with self._unit_of_work.write() as unit:
            account = await unit.accounts.get(user_id)
            changed = account.with_fields(display_name=display_name, locale=locale, at=self._clock())
            await unit.accounts.save(changed)
            await unit.accounts.record(user_id, "account_changed", at=self._clock())
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

    async def grant_scopes(self, user_id: str, scopes: Sequence[str], *, actor: str) -> Account:
        """Allow further scopes.

        Raises:
            UserNotFound: There is no such account.
            UnknownScope: Accounts cannot have one of these.
        """
        self._check_scopes(scopes)
        async with self._unit_of_work.write() as unit:
            account = await unit.accounts.get(user_id)
            changed = account.with_scopes(account.scopes | set(scopes), at=self._clock())
            await unit.accounts.save(changed)
            await unit.accounts.record(
                user_id, f"scopes_granted {scope_text(scopes)} by {actor}", at=self._clock()
            )
            return changed

    async def revoke_scopes(self, user_id: str, scopes: Sequence[str], *, actor: str) -> Account:
        """Take scopes away and end all sessions, so that no living token carries them."""
        async with self._unit_of_work.write() as unit:
            account = await unit.accounts.get(user_id)
            changed = account.with_scopes(account.scopes - set(scopes), at=self._clock())
            await unit.accounts.save(changed)
            await unit.accounts.record(
                user_id, f"scopes_revoked {scope_text(scopes)} by {actor}", at=self._clock()
            )
            await revoke_access(unit, user_id, at=self._clock())
            return changed

    async def export(self, user_id: str) -> Export:
        async with self._unit_of_work.read() as unit:
            return Export(
                account=await unit.accounts.get(user_id),
                addresses=await unit.addresses.page(user_id, before=None, size=1000),
                activities=await unit.accounts.activities(user_id),
            )

    async def erase(self, user_id: str) -> None:
        """Erase an account for ever.

        Raises:
            UserNotFound: There is no such account.
            OpenOrders: An order is on its way.
            OrdersUnavailable: It is not known; try again.
        """
        await self.get(user_id)
        await self._orders.close(user_id)
        async with self._unit_of_work.write() as unit:
            await unit.accounts.get(user_id)
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

    def _check_scopes(self, scopes: Sequence[str]) -> None:
        for index, scope in enumerate(scopes):
            if scope not in self._grantable_scopes:
                rule = f"has to be one of {', '.join(sorted(self._grantable_scopes))}"
                raise UnknownScope(
                    f"accounts cannot have scope {scope!r}", fields=[(f"scopes[{index}]", rule)]
                )
