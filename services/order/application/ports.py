"""What orders need from outside: an event store, stock, keys, and a few smaller things."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol

from services.kernel.money import Money
from services.order.domain.events import PlacedLine
from services.order.domain.pricing import Product


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as stored: its bytes, never rewritten, and what is kept beside them.

    Attributes:
        version: Its place in the order's stream, from 1.
        body: The envelope's canonical bytes.
        hash: SHA-256 of the body, lower-case hex.
    """

    version: int
    body: bytes
    hash: str


@dataclass(frozen=True, slots=True)
class Commit:
    """What one command did: 1 to m events, stored together or not at all.

    Attributes:
        order_id: Whose stream.
        customer_id: Whose order; an indexed copy.
        commit_time: When its first event occurred; an indexed copy.
        events: Without a gap from `version` on.
        open: Whether the process manager may have to go on with the order; see `EventStore.settle`.
    """

    order_id: str
    customer_id: str
    commit_time: datetime
    events: tuple[StoredEvent, ...]
    open: bool

    @property
    def version(self) -> int:
        """The version of the first event."""
        return self.events[0].version

    @property
    def last_version(self) -> int:
        return self.events[-1].version


@dataclass(frozen=True, slots=True)
class Stream:
    """The commits of one order, oldest first; at least one."""

    order_id: str
    commits: tuple[Commit, ...]

    @property
    def events(self) -> tuple[StoredEvent, ...]:
        return tuple(event for commit in self.commits for event in commit.events)


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a list of orders: newest placed first, then by id."""

    place_time: datetime
    order_id: str


@dataclass(frozen=True, slots=True)
class Selection:
    """Which orders: placed by a customer, from a time on, before a time. None: any."""

    customer_id: str | None = None
    min_place_time: datetime | None = None
    max_place_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """An order with which the process manager may have to go on, since its oldest open commit."""

    order_id: str
    open_time: datetime


class VersionTaken(Exception):
    """Somebody else has appended that version: read the stream and act on the winner."""


class EventStore(Protocol):
    """The streams of orders. It decides: of two appends of one version one wins."""

    async def append(self, commit: Commit) -> None:
        """Store a commit durably. Its first version is one more than the stream's last that was read.

        The commit counts as unpublished from then on.

        Raises:
            VersionTaken: The stream has one of these versions already; nothing was stored.
        """
        ...

    async def read(self, order_id: str) -> Stream | None:
        """A whole stream as of the last acknowledged append, None if there is none."""
        ...

    async def newest(self, selection: Selection, *, after: Position | None, limit: int) -> Sequence[Stream]:
        """Streams of the selected orders in the order of `Position`, found by index."""
        ...

    async def unpublished(self, *, after: tuple[str, int] | None, limit: int) -> Sequence[Commit]:
        """Commits to publish, by order id and version, behind the given (order id, version)."""
        ...

    async def mark_published(self, commits: Sequence[Commit]) -> None:
        """Unset the marker; repeating it changes nothing."""
        ...

    async def open_orders(
        self, *, before: datetime, after: OpenOrder | None, limit: int
    ) -> Sequence[OpenOrder]:
        """Orders with an open commit from before a time, the longest open first, then by id."""
        ...

    async def settle(self, order_id: str, version: int) -> None:
        """Unset `open` on the order's commits up to a version; repeating it changes nothing."""
        ...

    async def is_reachable(self) -> bool:
        """Whether the store answers."""
        ...


class Changes(Protocol):
    """Wakes whoever waits for a commit, by whichever process."""

    @property
    def count(self) -> int:
        """How many changes were seen; read it before reading the store."""
        ...

    async def wait_past(self, seen: int) -> int:
        """Wait until there were more changes than `seen`; returns the count then."""
        ...


class InventorySilent(Exception):
    """No answer, or none that can be acted on: whether the call had its effect is unknown."""


class ReservationGone(Exception):
    """The hold has expired, or was never made: it may be reserved (again)."""


class ReservationRefused(Exception):
    """The order's stock was released for good."""


@dataclass(frozen=True, slots=True)
class Reserved:
    """All lines are held, at these prices of one piece, in the order of the lines."""

    unit_prices: tuple[Money, ...]


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A line that could not be held; `unknown` when the shop does not sell the SKU (any more)."""

    sku: str
    requested: int
    available: int
    unknown: bool


@dataclass(frozen=True, slots=True)
class Shortfalls:
    """Nothing is held, because of these lines."""

    lines: tuple[Shortfall, ...]


class Inventory(Protocol):
    """The catalogue and the stock. Everything is idempotent by order id and takes one call.

    Every method may raise `InventorySilent`.
    """

    async def products(self, skus: Sequence[str], *, timeout_seconds: float) -> Mapping[str, Product]:
        """What the shop sells of these SKUs; unknown and retired ones are missing."""
        ...

    async def reserve(
        self, order_id: str, lines: Sequence[PlacedLine], *, timeout_seconds: float
    ) -> Reserved | Shortfalls:
        """Hold all lines or none; a repeat answers the prices of the first time.

        Raises:
            ReservationRefused: It was released before.
        """
        ...

    async def commit(self, order_id: str, *, timeout_seconds: float) -> None:
        """Make the hold permanent.

        Raises:
            ReservationGone: There is none (any more).
            ReservationRefused: It was released before.
        """
        ...

    async def release(self, order_id: str, *, timeout_seconds: float) -> None:
        """Give back what is held or committed, and refuse what comes later."""
        ...


@dataclass(frozen=True, slots=True)
class SealedField:
    """Which value a ciphertext is: it opens nowhere else."""

    order_id: str
    event_id: str
    event_type: str
    version: int
    path: str


class CustomerIsClosed(Exception):
    """The customer is marked closed, or erased: nothing new may be stored for them."""


class KeyVault(Protocol):
    """The data keys of the customers, apart from the events."""

    async def require_open(self, customer_id: str) -> None:
        """Make sure that there is a key, and that the customer may place orders; never from a cache.

        Raises:
            CustomerIsClosed: They may not.
        """
        ...

    async def seal(self, customer_id: str, field: SealedField, text: str) -> str:
        """Encrypt a value under the customer's key, which exists.

        Raises:
            CustomerIsClosed: The customer was erased.
        """
        ...

    async def unseal(self, customer_id: str, field: SealedField, sealed: str) -> str | None:
        """Decrypt a value; None once the customer was erased.

        Raises:
            ValueError: The ciphertext is not of this field or was changed.
        """
        ...

    async def digest(self, customer_id: str, content: bytes) -> str:
        """HMAC-SHA-256 of a content under the customer's key, hex.

        Raises:
            CustomerIsClosed: The customer was erased, or never had a key.
        """
        ...

    async def close(self, customer_id: str, mark: str) -> None:
        """Refuse new orders from now on. Marks are independent: one suffices."""
        ...

    async def reopen(self, customer_id: str, mark: str) -> None:
        """Remove one's own mark."""
        ...

    async def marks_before(self, time: datetime) -> Sequence[tuple[str, str]]:
        """Marks (customer id, mark) from before a time whose customer was not erased."""
        ...

    async def erase(self, customer_id: str) -> None:
        """Overwrite the key for good; no key is ever made for that customer again."""
        ...

    async def is_reachable(self) -> bool:
        """Whether the vault answers."""
        ...


@dataclass(frozen=True, slots=True)
class SignedHead:
    """What the relay signed: this version had this hash when it was published.

    Attributes:
        genuine: Whether the signature is ours.
    """

    version: int
    hash: str
    genuine: bool


class HeadLog(Protocol):
    """An append-only record outside the store of what was published."""

    async def append(self, order_id: str, version: int, hash: str) -> None:  # noqa: A002 - the envelope's own word
        """Sign a head and store it durably."""
        ...

    async def of_order(self, order_id: str) -> Sequence[SignedHead]:
        """All heads of an order, in the order in which they were written."""
        ...


class AccountState(Enum):
    """What the user service says about an account."""

    ACTIVE = "ACTIVE"
    ERASED = "ERASED"
    UNKNOWN = "UNKNOWN"


class AccountsSilent(Exception):
    """The user service does not answer."""


class Accounts(Protocol):
    """The accounts, asked only when an erasure was never finished."""

    async def state(self, user_id: str) -> AccountState:
        """Whether the account exists.

        Raises:
            AccountsSilent: No answer.
        """
        ...


Reached = Callable[[str], None]
"""Told the name of a step right after it was made, so that tests can crash there."""

ContinueTrace = Callable[[str], AbstractContextManager[object]]
"""Makes a `traceparent` the current trace while the context is entered."""
