"""The order service's inventory port in memory: stock, prices and reservations that behave."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from services.kernel.money import Money
from services.order.application.ports import (
    InventoryUnreachable,
    ReservationGone,
    ReservationRefused,
    Reserved,
    Shortfall,
    Shortfalls,
)
from services.order.domain.events import LinePieces, PlacedLine
from services.order.domain.pricing import Product

HELD, COMMITTED, RELEASED, EXPIRED = "HELD", "COMMITTED", "RELEASED", "EXPIRED"


@dataclass
class Reservation:
    """What is kept for an order."""

    state: str
    lines: dict[str, int]
    prices: dict[str, Money]


@dataclass
class MemoryInventory:
    """All lines or none, idempotent by order id, a release refuses what comes later.

    Attributes:
        calls: The methods that were called, in their order.
        silent: Methods that do not answer.
        shipped: What each release said has left, by order.
        before: What happens once, right before a method has its effect.
    """

    catalogue: dict[str, Product] = field(default_factory=dict)
    reservations: dict[str, Reservation] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    silent: set[str] = field(default_factory=set)
    shipped: dict[str, tuple[LinePieces, ...]] = field(default_factory=dict)
    before: dict[str, Callable[[], Awaitable[object]]] = field(default_factory=dict)

    def sell(self, sku: str, price: Money, *, available: int, name: str = "") -> None:
        self.catalogue[sku] = Product(sku, name or sku.title(), price, available)

    def retire(self, sku: str) -> None:
        del self.catalogue[sku]

    def available(self, sku: str) -> int:
        return self.catalogue[sku].available

    def expire(self, order_id: str) -> None:
        self._give_back(order_id, EXPIRED)

    def be_silent(self, *methods: str) -> None:
        self.silent.update(methods or ("products", "reserve", "commit", "release"))

    def answer_again(self) -> None:
        self.silent.clear()

    async def products(self, skus: Sequence[str], *, timeout_seconds: float) -> Mapping[str, Product]:
        await self._answer("products")
        return {sku: self.catalogue[sku] for sku in skus if sku in self.catalogue}

    async def reserve(
        self, order_id: str, lines: Sequence[PlacedLine], *, timeout_seconds: float
    ) -> Reserved | Shortfalls:
        await self._answer("reserve")
        kept = self.reservations.get(order_id)
        if kept is not None and kept.state == RELEASED:
            raise ReservationRefused(order_id)
        if kept is None or kept.state == EXPIRED:
            shortfalls = tuple(self._shortfalls(lines))
            if shortfalls:
                return Shortfalls(shortfalls)
            kept = self._hold(order_id, lines, kept)
        return Reserved(tuple(kept.prices[line.sku] for line in lines))

    async def commit(self, order_id: str, *, timeout_seconds: float) -> None:
        await self._answer("commit")
        kept = self.reservations.get(order_id)
        if kept is None or kept.state == EXPIRED:
            raise ReservationGone(order_id)
        if kept.state == RELEASED:
            raise ReservationRefused(order_id)
        kept.state = COMMITTED

    async def release(
        self, order_id: str, shipped: Sequence[LinePieces] = (), *, timeout_seconds: float
    ) -> None:
        await self._answer("release")
        self.shipped[order_id] = tuple(shipped)
        if order_id not in self.reservations:
            self.reservations[order_id] = Reservation(RELEASED, {}, {})
        self._give_back(order_id, RELEASED)

    async def _answer(self, method: str) -> None:
        self.calls.append(method)
        if method in self.before:
            await self.before.pop(method)()
        if method in self.silent:
            raise InventoryUnreachable(method)

    def _shortfalls(self, lines: Sequence[PlacedLine]) -> list[Shortfall]:
        found = []
        for line in lines:
            product = self.catalogue.get(line.sku)
            available = product.available if product else 0
            if available < line.quantity:
                found.append(Shortfall(line.sku, line.quantity, available, unknown=product is None))
        return found

    def _hold(self, order_id: str, lines: Sequence[PlacedLine], earlier: Reservation | None) -> Reservation:
        prices = earlier.prices if earlier else {line.sku: self.catalogue[line.sku].price for line in lines}
        kept = Reservation(HELD, {line.sku: line.quantity for line in lines}, prices)
        for line in lines:
            self._move(line.sku, -line.quantity)
        self.reservations[order_id] = kept
        return kept

    def _give_back(self, order_id: str, state: str) -> None:
        kept = self.reservations[order_id]
        if kept.state in (HELD, COMMITTED):
            for sku, quantity in kept.lines.items():
                self._move(sku, quantity)
        kept.state = state

    def _move(self, sku: str, pieces: int) -> None:
        product = self.catalogue.get(sku)
        if product is not None:
            self.catalogue[sku] = replace(product, available=product.available + pieces)
