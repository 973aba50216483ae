"""A shuffled, repeated, delayed feed, crossed by shipments on both sides, ends at the warehouse's numbers."""

import asyncio
import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from services.inventory.adapters.tables import shipments, stock, wms_quarantine
from services.inventory.domain.reservation import RequestedLine, Reservation, ReservationState
from services.inventory.domain.wms_update import Result, StockUpdate
from tests.support.inventory.shop import ORDER, STAFF, WMS, Shop, open_shop, order_id
from tests.support.inventory.warehouse import Place, Warehouse
from tests.support.tiers import examples

PLACES = [("MUG-RED", "berlin"), ("MUG-RED", "hamburg")]
places = st.sampled_from(PLACES)


class FeedModel(RuleBasedStateMachine):
    """Plays both sides of the feed, and loses none of what the warehouse has said."""

    orders = Bundle("orders")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.shop: Shop = self.runner.run(self._open())
        self.warehouse = Warehouse()
        self.unheard: list[StockUpdate] = []
        self.heard: list[StockUpdate] = []
        self.left: dict[str, set[Place]] = {}
        self.number = 0

    async def _open(self) -> Shop:
        folder = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        return await self.stack.enter_async_context(open_shop(folder / "inventory.db"))

    def teardown(self) -> None:
        try:
            if self.warehouse.numbers:
                self._come_to_rest()
                self._check_rest()
        finally:
            self.runner.run(self.stack.aclose())
            self.runner.close()

    @initialize()
    def open_for_business(self) -> None:
        self.runner.run(self.shop.sell("MUG-RED", "12.90", berlin=12, hamburg=6))
        self.warehouse.begin(PLACES[0], 12)
        self.warehouse.begin(PLACES[1], 6)

    @rule(target=orders, quantity=st.integers(1, 14))
    def confirm(self, quantity: int) -> object:
        self.number += 1
        order = order_id(self.number)
        wanted = [RequestedLine("MUG-RED", quantity)]
        outcome = self.runner.run(self.shop.reservations.reserve(order, wanted, actor=ORDER))
        if not isinstance(outcome, Reservation):
            return multiple()
        self.runner.run(self.shop.reservations.commit(order, actor=ORDER))
        self.left[order] = set()
        return outcome

    @rule(order=orders)
    def ship_here(self, order: Reservation) -> None:
        self.runner.run(self.shop.reservations.ship(order.order_id, actor=STAFF))

    @rule(order=consumes(orders))
    def cancel_here(self, order: Reservation) -> None:
        self.runner.run(self.shop.reservations.release(order.order_id, actor=ORDER))

    @rule(order=orders, data=st.data())
    def ship_there(self, order: Reservation, data: st.DataObject) -> None:
        part = data.draw(st.sampled_from(order.lines[0].allocations))
        say = data.draw(st.sampled_from([self.warehouse.ship, self.warehouse.ship_and_count]))
        self._leave(order.order_id, ("MUG-RED", part.warehouse), part.quantity, say)

    @rule(place=places, quantity=st.integers(-5, 8).filter(bool))
    def come_or_go(self, place: Place, quantity: int) -> None:
        if self.warehouse.numbers[place] + quantity >= 0:
            self.warehouse.come_or_go(place, quantity)
            self._listen(place)

    @rule(place=places, lost=st.integers(0, 4), names=st.integers(0, 2))
    def count(self, place: Place, lost: int, names: int) -> None:
        self.warehouse.count(place, lost=lost, names=names)
        self._listen(place)

    @rule(place=places)
    def hear_a_count_before_all_else(self, place: Place) -> None:
        self.warehouse.count(place, lost=0, names=0)
        self._listen(place)
        self._hear(self.unheard[-1])

    @rule(data=st.data())
    def hear_in_any_order(self, data: st.DataObject) -> None:
        if self.unheard:
            self._hear(data.draw(st.sampled_from(self.unheard)))

    @rule()
    def hear_in_order(self) -> None:
        for update in list(self.unheard):
            self._hear(update)

    @rule(data=st.data())
    def hear_again(self, data: st.DataObject) -> None:
        if self.heard:
            update = data.draw(st.sampled_from(self.heard))
            assert self._apply(update) is Result.DUPLICATE

    @invariant()
    def the_book_says_what_the_warehouse_said(self) -> None:
        for row in self.runner.run(self.shop.rows(stock)):
            assert row.book_quantity == self.warehouse.after[row.sku, row.warehouse][row.sequence]

    def _leave(self, order: str, place: Place, quantity: int, say: Callable[[Place, str, int], None]) -> None:
        if place not in self.left[order]:
            self.left[order].add(place)
            say(place, order, quantity)
            self._listen(place)

    def _listen(self, place: Place) -> None:
        known = len(
            [update for update in self.unheard + self.heard if (update.sku, update.warehouse) == place]
        )
        self.unheard += self.warehouse.said[place][known:]

    def _hear(self, update: StockUpdate) -> None:
        if self._apply(update) is not Result.GAP:
            self.unheard.remove(update)
            self.heard.append(update)

    def _apply(self, update: StockUpdate) -> Result:
        return self.runner.run(self.shop.wms.apply(update, actor=WMS)).result

    def _come_to_rest(self) -> None:
        """What was shipped here leaves there as well, and all that was said is heard."""
        for shipment in self.runner.run(self.shop.rows(shipments)):
            place = (shipment.sku, shipment.warehouse)
            self._leave(shipment.order_id, place, shipment.quantity, self.warehouse.ship)
        for update in sorted(self.unheard, key=lambda update: update.sequence):
            self._hear(update)

    def _check_rest(self) -> None:
        assert not self.unheard
        assert not self.runner.run(self.shop.rows(wms_quarantine))
        assert not self.runner.run(self.shop.discrepancies())
        kept = dict.fromkeys(PLACES, 0)
        for order in self.left:
            for place, quantity in self._reserved(order):
                kept[place] += quantity
        for row in self.runner.run(self.shop.rows(stock)):
            place = (row.sku, row.warehouse)
            assert (row.book_quantity - row.unreported, row.unreported) == (self.warehouse.numbers[place], 0)
            assert (row.held, row.committed) == (0, kept[place])

    def _reserved(self, order: str) -> list[tuple[Place, int]]:
        """What an order must have committed still: what has left nowhere, unless it was given up."""
        stored = self.runner.run(self.shop.ledgers.write(lambda ledger: ledger.reservation(order)))
        if stored is None or stored.state is not ReservationState.COMMITTED:
            return []
        parts = [("MUG-RED", part.warehouse, part.quantity) for part in stored.lines[0].allocations]
        return [((sku, at), quantity) for sku, at, quantity in parts if (sku, at) not in self.left[order]]


# A failure is told as it was found: making it smaller takes minutes.
FeedModel.TestCase.settings = settings(
    max_examples=examples(15),
    stateful_step_count=50,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
TestFeedModel = FeedModel.TestCase
