"""What happens to a customer's orders when the account is erased."""

from datetime import timedelta

from services.kernel.clock import Clock
from services.kernel.ids import NewId
from services.order.application.journal import history_of
from services.order.application.ports import (
    Accounts,
    AccountState,
    AccountsUnreachable,
    EventStore,
    KeyVault,
    Position,
    Selection,
)
from services.order.domain.errors import OpenOrders

_PAGE = 200
_UNFINISHED_AFTER = timedelta(minutes=10)


class Customers:
    """Closes customers for new orders, and makes their personal data unreadable."""

    def __init__(
        self, *, store: EventStore, vault: KeyVault, accounts: Accounts, clock: Clock, new_id: NewId
    ) -> None:
        self._store = store
        self._vault = vault
        self._accounts = accounts
        self._clock = clock
        self._new_id = new_id

    async def close(self, customer_id: str) -> None:
        """Refuse new orders of a customer from now on.

        The mark comes first: an order that is placed meanwhile sees it, or is seen here.

        Raises:
            OpenOrders: An order is still under way; the customer stays open.
        """
        mark = self._new_id()
        await self._vault.close(customer_id, mark)
        open_orders = await self._count_open(customer_id)
        if open_orders:
            await self._vault.reopen(customer_id, mark)
            raise OpenOrders(
                f"{open_orders} orders are still under way: wait for their delivery or cancel them",
                metadata={"openOrders": str(open_orders)},
            )

    async def erase(self, customer_id: str) -> None:
        """Make the personal data of all the customer's orders unreadable, for good."""
        await self._vault.erase(customer_id)

    async def finish_closings(self) -> None:
        """Ask about marks whose erasure was not heard of within ten minutes, and finish or remove them."""
        for customer_id, mark in await self._vault.marks_before(self._clock() - _UNFINISHED_AFTER):
            try:
                state = await self._accounts.state(customer_id)
            except AccountsUnreachable:
                return
            if state is AccountState.ERASED:
                await self._vault.erase(customer_id)
            else:
                await self._vault.reopen(customer_id, mark)

    async def _count_open(self, customer_id: str) -> int:
        count, after = 0, None
        while streams := await self._store.newest(
            Selection(customer_id=customer_id), after=after, limit=_PAGE
        ):
            orders = [history_of(stream).order for stream in streams]
            count += sum(not order.state.is_final for order in orders)
            after = Position(orders[-1].place_time, orders[-1].order_id)
        return count
