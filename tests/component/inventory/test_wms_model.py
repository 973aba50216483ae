"""A shuffled, repeated, delayed feed, crossed by shipments on both sides, ends at the warehouse's numbers."""

from collections import Counter
from collections.abc import Callable

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, consumes, initialize, invariant, multiple, rule

from services.inventory.adapters.tables import stock, wms_quarantine
from services.inventory.domain.reservation import RequestedLine, Reservation, ReservationState
from services.inventory.domain.wms_update import Result, StockUpdate
from tests.support.inventory.machine import ShopMachine, plays
from tests.support.inventory.shop import ORDER, STAFF, WMS, order_id
from tests.support.inventory.warehouse import Place, Warehouse

PLACES = [("MUG-RED", "berlin"), ("MUG-RED", "hamburg")]
places = st.sampled_from(PLACES)


class FeedModel(ShopMachine):
    """Plays both sides of the feed, and loses none of what the warehouse has said."""

    orders = Bundle("orders")

    def __init__(self) -> None:
        super().__init__()
        self.warehouse = Warehouse()
        self.unheard: list[StockUpdate] = []
        self.heard: list[StockUpdate] = []
        self.left: dict[str, Counter[Place]] = {}
        self.shipped: Counter[str] = Counter()
        self.number = 0

    def check_end(self) -> None:
        if self.warehouse.numbers:
            self._come_to_rest()
            self._check_rest()

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
        self.left[order] = Counter()
        return outcome

    @rule(order=orders, data=st.data())
    def ship_here(self, order: Reservation, data: st.DataObject) -> None:
        left = order.lines[0].quantity - self.shipped[order.order_id]
        if left:
            quantity = data.draw(st.integers(1, left))
            self.shipped[order.order_id] += quantity
            pieces = {"MUG-RED": quantity}
            self.runner.run(self.shop.reservations.ship(order.order_id, pieces, actor=STAFF))

    @rule(order=orders)
    def ship_the_rest_here(self, order: Reservation) -> None:
        self.shipped[order.order_id] = order.lines[0].quantity
        self.runner.run(self.shop.reservations.ship(order.order_id, actor=STAFF))

    @rule(order=consumes(orders))
    def cancel_here(self, order: Reservation) -> None:
        self.runner.run(self.shop.reservations.release(order.order_id, actor=ORDER))

    @rule(order=orders, data=st.data())
    def ship_there(self, order: Reservation, data: st.DataObject) -> None:
        say = data.draw(st.sampled_from([self.warehouse.ship, self.warehouse.ship_and_count]))
        # At times more than were ordered, or from where none were expected.
        quantity = data.draw(st.integers(1, order.lines[0].quantity + 1))
        self._leave(order.order_id, data.draw(places), quantity, say)

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
        self.left[order][place] += quantity
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
        """All that was said is heard, and what was shipped here leaves there as well."""
        self._hear_all()
        for order, shipped in self.shipped.items():
            if missing := max(0, shipped - self.left[order].total()):
                self._leave(order, PLACES[0], missing, self.warehouse.ship)
        self._hear_all()

    def _hear_all(self) -> None:
        for update in sorted(self.unheard, key=lambda update: update.sequence):
            self._hear(update)

    def _check_rest(self) -> None:
        assert not self.unheard
        assert not self.runner.run(self.shop.rows(wms_quarantine))
        assert not self.runner.run(self.shop.discrepancies())
        rows = self.runner.run(self.shop.rows(stock))
        for row in rows:
            assert (row.book_quantity, row.unreported, row.held) == (
                self.warehouse.numbers[row.sku, row.warehouse],
                0,
                0,
            )
        assert sum(row.committed for row in rows) == sum(map(self._committed, self.left))

    def _committed(self, order: str) -> int:
        """What an order must have committed still: what has left nowhere, unless it was given up."""
        stored = self.runner.run(self.shop.ledgers.write(lambda ledger: ledger.reservation(order)))
        if stored is None or stored.state is ReservationState.RELEASED:
            return 0
        gone = max(self.shipped[order], self.left[order].total())
        return max(0, stored.lines[0].quantity - gone)


TestFeedModel = plays(FeedModel, count=15)
