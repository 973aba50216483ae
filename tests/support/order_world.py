"""The order service's use cases on its embedded adapters, with an inventory in memory."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import text

from mesh.sql import write
from services.kernel.money import Money
from services.order.adapters.head_log_file import FileHeadLog
from services.order.adapters.key_vault.key_ring_file import FileKeyRing
from services.order.adapters.key_vault.key_vault_aes import AesKeyVault
from services.order.application.commands.customers import Customers
from services.order.application.commands.deadline import Deadline
from services.order.application.commands.orders import Orders
from services.order.application.journal import Cause
from services.order.application.place_order import PlaceOrder
from services.order.application.ports import AccountState, AccountsUnreachable
from services.order.application.queries.audit import Audit
from services.order.application.queries.order_views import OrderViews
from services.order.config import Settings
from services.order.domain.lines import Line, ShippingAddress
from services.order.domain.order import Order
from services.order.domain.shipping import Parcel
from services.order.server import Adapters, UseCases, wire
from services.order.stores import open_database, open_stores
from tests.support.memory_inventory import MemoryInventory

ALICE = str(UUID(int=0xA11CE))
BOB = str(UUID(int=0xB0B))
MORNING = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
MUG_PRICE = Money("EUR", 12, 500_000_000)
TEAPOT_PRICE = Money("EUR", 30)
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
ALL_OF_IT = Parcel()
ADDRESS = ShippingAddress("Alice Ample", "Amselweg 1", "", "Augsburg", "", "86150", "DE")


@dataclass
class MovableClock:
    """A clock that stands still until it is moved."""

    now: datetime = MORNING

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **time: float) -> None:
        self.now += timedelta(**time)


@dataclass
class MemoryAccounts:
    """The accounts port in memory; None is silence."""

    states: dict[str, AccountState | None] = field(default_factory=dict)

    async def state(self, user_id: str) -> AccountState:
        state = self.states.get(user_id, AccountState.UNKNOWN)
        if state is None:
            raise AccountsUnreachable(user_id)
        return state


@dataclass
class MemoryReaders:
    """Those who follow the orders; they read everything unless a test says otherwise."""

    are_new: bool = True

    async def all_read(self, event: tuple[str, int]) -> bool:
        return self.are_new


class FreeLease:
    """Nobody else wants it."""

    async def hold(self) -> bool:
        return True


class Crash(BaseException):
    """The process dies here."""


@dataclass
class Steps:
    """Hears of every step; crashes behind one, or does something once behind it, if asked to."""

    crash_behind: str = ""
    reached: list[str] = field(default_factory=list)
    once: dict[str, Callable[[], None]] = field(default_factory=dict)

    def __call__(self, name: str) -> None:
        self.reached.append(name)
        self.once.pop(name, _nothing)()
        if name == self.crash_behind:
            raise Crash(name)


@dataclass(frozen=True)
class OrderWorld:
    """Everything of the order service but gRPC."""

    home: Path
    adapters: Adapters
    use_cases: UseCases
    inventory: MemoryInventory
    accounts: MemoryAccounts
    readers: MemoryReaders
    clock: MovableClock
    steps: Steps
    mongodb_url: str | None

    def of_another_process(self) -> AbstractAsyncContextManager["OrderWorld"]:
        """The world as another worker has it, on the same stores."""
        return open_world(self.home, inventory=self.inventory, clock=self.clock, mongodb_url=self.mongodb_url)

    @property
    def orders(self) -> Orders:
        return self.use_cases.orders

    @property
    def views(self) -> OrderViews:
        return self.use_cases.views

    @property
    def audit(self) -> Audit:
        return self.use_cases.audit

    @property
    def customers(self) -> Customers:
        return self.use_cases.customers

    async def place(self, command: PlaceOrder) -> Order:
        return await self.orders.place(command, cause(), deadline=in_time())

    async def order(self, order_id: str) -> Order:
        return (await self.views.get(order_id, customer_id=None)).order

    async def manage(self) -> None:
        """Let the process manager go through the open orders once."""
        await self.use_cases.manager.go_through()

    async def index(self) -> None:
        """Let the index catch up with the events."""
        streams = await self.adapters.store.streams(after=None, limit=10_000)
        await self.use_cases.projection.project([stream.order_id for stream in streams])

    async def types(self, order_id: str) -> list[str]:
        """The types of an order's events."""
        page = await self.audit.history(order_id, customer_id=None, requested_size=200, page_token="")
        return [event.envelope.type for event in page.events]

    async def tamper(self, statement: str, **values: object) -> None:
        """Change the event store, in its file, behind the service's back."""
        async with open_database(self.home / "order.db") as events, write(events) as session:
            await session.execute(text("PRAGMA defer_foreign_keys=ON"))
            await session.execute(text(statement), values)

    async def is_open(self) -> bool:
        """Whether the process manager has anything to do."""
        return bool(await self.adapters.store.open_orders(after=None, limit=1))


@asynccontextmanager
async def open_world(
    home: Path,
    *,
    inventory: MemoryInventory | None = None,
    clock: MovableClock | None = None,
    mongodb_url: str | None = None,
) -> AsyncIterator[OrderWorld]:
    """The world of one process; several may share a home or a server, an inventory and a clock."""
    inventory, clock = inventory or stocked(), clock or MovableClock()
    accounts, readers, steps = MemoryAccounts(), MemoryReaders(), Steps()
    settings = settings_in(home, mongodb_url=mongodb_url)
    async with open_stores(settings) as stores:
        adapters = Adapters(
            store=stores.events,
            changes=stores.changes,
            vault=AesKeyVault(stores.keys, ring=FileKeyRing(settings.key_encryption_keys), clock=clock),
            heads=FileHeadLog(settings.head_log, key=bytes(32)),
            index=stores.index,
            inventory=inventory,
            accounts=accounts,
            readers=readers,
        )
        use_cases = wire(adapters, clock=clock, reached=steps)
        yield OrderWorld(home, adapters, use_cases, inventory, accounts, readers, clock, steps, mongodb_url)


def settings_in(home: Path, *, mongodb_url: str | None = None) -> Settings:
    """Everything in one folder."""
    return Settings(
        mongodb_url=mongodb_url,
        database=home / "order.db",
        keys_database=home / "order_keys.db",
        search_database=home / "order_search.db",
        inbox_database=home / "order_inbox.db",
        head_log=home / "order_heads.log",
        key_encryption_keys=home / "order-kek",
        head_key=home / "order-heads",
    )


def stocked() -> MemoryInventory:
    """Ten red mugs and three teapots."""
    inventory = MemoryInventory()
    inventory.sell("MUG-RED", MUG_PRICE, available=10, name="Red mug")
    inventory.sell("TEAPOT", TEAPOT_PRICE, available=3, name="Teapot")
    return inventory


def _nothing() -> None:
    """What happens behind most steps."""


def mugs(
    quantity: int = 2,
    *,
    request_id: str = "breakfast",
    customer_id: str = ALICE,
    expected_total: Money | None = None,
) -> PlaceOrder:
    """An order of red mugs."""
    return PlaceOrder(customer_id, request_id, (Line("MUG-RED", quantity),), ADDRESS, expected_total)


def cause(actor: str = f"customer:{ALICE}") -> Cause:
    return Cause(actor, correlation="command-1", causation="command-1", trace=TRACE)


def in_time() -> Deadline:
    return Deadline.within(10.0)
