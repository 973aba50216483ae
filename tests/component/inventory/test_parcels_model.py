"""Orders, stock and a warehouse that hear of each other late, twice and in any order, against a model.

The shop ships, cancels and hears; the warehouse picks, counts and starts its feed again. Once everybody has
heard everything, all three agree, in whichever order it came.
"""

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, initialize, multiple, rule

from services.inventory.adapters.tables import departures, stock, wms_quarantine
from services.inventory.domain.reservation import RequestedLine, Reservation, ReservationState
from services.inventory.domain.wms_update import Result, StockUpdate
from services.kernel.money import Money
from services.order.domain.errors import WrongState
from services.order.domain.events import (
    CancelReason,
    LinePieces,
    OrderEvent,
    OrderPlaced,
    OrderShipped,
    PlacedLine,
)
from services.order.domain.shipping import Parcel
from tests.support.inventory.knowing import SKU, KnownOrder, Shelf
from tests.support.inventory.machine import ShopMachine, plays
from tests.support.inventory.outbox import outbox_events
from tests.support.inventory.shop import ORDER, STAFF, WMS, order_id

WAREHOUSES = ("berlin", "hamburg")
PRICE = Money("EUR", 12, 900_000_000)
warehouses = st.sampled_from(WAREHOUSES)


class ParcelsModel(ShopMachine):
    """Plays shop, stock and warehouse."""

    orders = Bundle("orders")

    def __init__(self) -> None:
        super().__init__()
        self.known: list[KnownOrder] = []
        self.shelves: dict[str, Shelf] = {}
        self.parcels = 0

    def check_end(self) -> None:
        if self.shelves:
            self._come_to_rest()
            self._check_rest()

    @initialize()
    def open_for_business(self) -> None:
        self.runner.run(self.shop.sell(SKU, "12.90", berlin=9, hamburg=6))
        self.shelves = {"berlin": Shelf("berlin", 9), "hamburg": Shelf("hamburg", 6)}

    @rule(target=orders, quantity=st.integers(1, 11))
    def order(self, quantity: int) -> object:
        name = order_id(len(self.known) + 1)
        placed = OrderPlaced("alice", name, (PlacedLine(SKU, "Mug", quantity),), None, "sealed", "digest")
        known = KnownOrder(name, [placed])
        self.known.append(known)
        wanted = [RequestedLine(SKU, quantity)]
        outcome = self.runner.run(self.shop.reservations.reserve(name, wanted, actor=ORDER))
        if not isinstance(outcome, Reservation):
            self.known.pop()
            return multiple()
        self.runner.run(self.shop.reservations.commit(name, actor=ORDER))
        known.events.append(known.order.confirm([PRICE]))
        return known

    @rule(known=orders, data=st.data())
    def shop_ships(self, known: KnownOrder, data: st.DataObject) -> None:
        for line in known.order.open_lines:
            quantity = data.draw(st.integers(1, line.quantity))
            known.events += known.order.ship(Parcel(self._parcel(), (LinePieces(SKU, quantity),)))

    @rule(known=orders)
    def shop_ships_the_rest_in_the_first_version(self, known: KnownOrder) -> None:
        if known.order.open_lines:
            known.events += known.order.ship_the_rest()

    @rule(known=orders, at_once=st.booleans())
    def shop_cancels(self, known: KnownOrder, at_once: bool) -> None:
        try:
            events = known.order.cancel(CancelReason.CUSTOMER)
        except WrongState:
            return
        known.events += events
        if at_once and events:
            # The call that cancels gives the stock back, before stock hears of what was shipped.
            self.runner.run(self.shop.reservations.release(known.order_id, actor=ORDER))

    @rule(known=orders)
    def stock_hears_of_an_order(self, known: KnownOrder) -> None:
        if known.heard < len(known.events):
            self.runner.run(self._take(known, known.events[known.heard]))
            known.heard += 1

    @rule(data=st.data())
    def an_order_hears_of_a_report(self, data: st.DataObject) -> None:
        """Any of them, and any number of times."""
        reports = self._reports()
        if reports:
            self._hear(*data.draw(st.sampled_from(reports)))

    @rule(known=orders, warehouse=warehouses, data=st.data())
    def warehouse_picks(self, known: KnownOrder, warehouse: str, data: st.DataObject) -> None:
        """At times more than was ordered, or from where none was expected."""
        quantity = data.draw(st.integers(1, known.order.lines[0].quantity + 1))
        self.shelves[warehouse].ship(known.order_id, quantity, self._parcel())

    @rule(warehouse=warehouses, quantity=st.integers(1, 8))
    def pieces_come(self, warehouse: str, quantity: int) -> None:
        self.shelves[warehouse].come(quantity)

    @rule(warehouse=warehouses, lost=st.integers(0, 3))
    def warehouse_counts(self, warehouse: str, lost: int) -> None:
        self.shelves[warehouse].count(lost)

    @rule(warehouse=warehouses)
    def warehouse_starts_again(self, warehouse: str) -> None:
        shelf = self.shelves[warehouse]
        started = self.shop.feeds.start(
            warehouse, request_id=f"{shelf.epoch}", reason="restored", actor=STAFF
        )
        shelf.restart(self.runner.run(started))

    @rule(warehouse=warehouses, data=st.data())
    def shop_hears_of_a_shelf(self, warehouse: str, data: st.DataObject) -> None:
        shelf = self.shelves[warehouse]
        if shelf.unheard:
            self._apply(shelf, data.draw(st.sampled_from(shelf.unheard)))

    @rule(warehouse=warehouses)
    def shop_hears_in_order(self, warehouse: str) -> None:
        for update in list(self.shelves[warehouse].unheard):
            self._apply(self.shelves[warehouse], update)

    @rule(warehouse=warehouses, data=st.data())
    def shop_hears_again(self, warehouse: str, data: st.DataObject) -> None:
        if heard := self.shelves[warehouse].heard:
            update = data.draw(st.sampled_from(heard))
            assert self.runner.run(self.shop.wms.apply(update, actor=WMS)).result is Result.DUPLICATE

    def _parcel(self) -> str:
        self.parcels += 1
        return f"parcel-{self.parcels}"

    async def _take(self, known: KnownOrder, event: OrderEvent) -> None:
        if isinstance(event, OrderShipped):
            pieces = None if event.rest else {line.sku: line.quantity for line in event.lines}
            await self.shop.reservations.ship(known.order_id, pieces, actor=ORDER)
        else:
            await self.shop.reservations.release(known.order_id, actor=ORDER)

    def _reports(self) -> list[tuple[str, int]]:
        """What stock has published of pieces that left: order and pieces in all."""
        return [
            (event.payload["orderId"], event.payload["reportedTotal"])
            for event in self.runner.run(outbox_events(self.shop))
            if event.type == "ShipmentReported"
        ]

    def _hear(self, order: str, total: int) -> None:
        (known,) = (each for each in self.known if each.order_id == order)
        assert total <= self._left(known), "no piece is reported that has not left"
        if (event := known.order.depart(LinePieces(SKU, total), self._parcel())) is not None:
            known.events.append(event)

    def _apply(self, shelf: Shelf, update: StockUpdate) -> None:
        result = self.runner.run(self.shop.wms.apply(update, actor=WMS)).result
        if result in (Result.GAP, Result.COUNT_NEEDED):
            return
        shelf.unheard.remove(update)
        if result is not Result.STALE_EPOCH:
            shelf.heard.append(update)

    def _come_to_rest(self) -> None:
        """All is heard, and what the shop has shipped leaves the warehouse as well."""
        for _ in range(3):
            for shelf in self.shelves.values():
                for update in sorted(shelf.unheard, key=lambda each: (each.epoch, each.sequence)):
                    self._apply(shelf, update)
            for order, total in self._reports():
                self._hear(order, total)
            for known in self.known:
                while known.heard < len(known.events):
                    self.stock_hears_of_an_order(known)
                if (missing := self._shipped(known) - self._left(known)) > 0:
                    self.shelves["berlin"].ship(known.order_id, missing, self._parcel())
        assert not any(shelf.unheard for shelf in self.shelves.values())

    def _shipped(self, known: KnownOrder) -> int:
        return known.order.progress[0].shipped

    def _left(self, known: KnownOrder) -> int:
        return sum(shelf.left[known.order_id] for shelf in self.shelves.values())

    def _check_rest(self) -> None:
        assert not self.runner.run(self.shop.rows(wms_quarantine))
        assert not self.runner.run(self.shop.discrepancies())
        rows = self.runner.run(self.shop.rows(stock))
        for row in rows:
            assert (row.book_quantity, row.unreported, row.held) == (
                self.shelves[row.warehouse].pieces,
                0,
                0,
            )
        assert sum(row.committed for row in rows) == sum(map(self._checked, self.known))

    def _checked(self, known: KnownOrder) -> int:
        """Check an order and its stock; the pieces that are kept for it."""
        (line,) = known.order.progress
        left = self._left(known)
        assert line.open >= 0
        assert line.shipped >= left or not line.open, "a piece that was reported is open"
        stored = self.runner.run(self.shop.ledgers.write(lambda ledger: ledger.reservation(known.order_id)))
        assert stored is not None
        kept = stored.lines[0]
        assert kept.shipped == line.shipped
        assert sum(part.gone for part in kept.allocations) == min(kept.quantity, max(line.shipped, left))
        beyond = sum(
            row.after_cancel
            for row in self.runner.run(self.shop.rows(departures))
            if row.order_id == known.order_id
        )
        if known.order.gives_stock_back:
            assert beyond == max(0, min(left, kept.quantity) - line.shipped)
            return 0
        assert beyond == 0
        assert stored.state is (ReservationState.COMMITTED if line.open else ReservationState.SHIPPED)
        return line.open


TestParcelsModel = plays(ParcelsModel, count=15)
