"""Any sequence of commands leaves the stock that a model of a few lines predicts."""

from collections import Counter
from datetime import datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, initialize, invariant, precondition, rule

from services.inventory.application.reservations import Shortage
from services.inventory.domain.adjustment import AdjustStock
from services.inventory.domain.errors import (
    BelowReserved,
    ReservationExpired,
    ReservationNotFound,
    ReservationReleased,
)
from services.inventory.domain.reservation import RequestedLine, Reservation, ReservationState
from tests.support.inventory.machine import ShopMachine, plays
from tests.support.inventory.shop import HOLD, ORDER, STAFF, order_id

PLACES = {"MUG-RED": ("berlin", "hamburg"), "MUG-BLUE": ("hamburg",)}
skus = st.sampled_from(sorted(PLACES))


class StockModel(ShopMachine):
    """Plays commands to the service and to counters, and compares."""

    orders = Bundle("orders")

    def __init__(self) -> None:
        super().__init__()
        self.on_hand: Counter[tuple[str, str]] = Counter()
        self.reserved: Counter[tuple[str, str]] = Counter()
        self.states: dict[int, ReservationState] = {}
        self.ends: dict[int, datetime] = {}
        self.parts: dict[int, Counter[tuple[str, str]]] = {}
        self.wanted: dict[int, tuple[RequestedLine, ...]] = {}
        self.shipped: set[int] = set()
        self.requests = 0

    @initialize()
    def open_for_business(self) -> None:
        for sku, places in PLACES.items():
            self.runner.run(self.shop.sell(sku, "12.90", **dict.fromkeys(places, 20)))
            self.on_hand.update({(sku, place): 20 for place in places})

    @rule(target=orders, lines=st.dictionaries(skus, st.integers(1, 12), min_size=1))
    def reserve(self, lines: dict[str, int]) -> int:
        number = len(self.wanted)
        self.wanted[number] = tuple(RequestedLine(sku, quantity) for sku, quantity in lines.items())
        self.reserve_again(number)
        return number

    @precondition(lambda self: len(self.wanted) % 4 == 3)
    @rule(target=orders)
    def give_up_before_reserving(self) -> int:
        number = len(self.wanted)
        self.wanted[number] = (RequestedLine("MUG-RED", 1),)
        self.release(number)
        return number

    @rule(number=orders)
    def reserve_again(self, number: int) -> None:
        wanted = self.wanted[number]
        try:
            outcome = self.runner.run(self.shop.reservations.reserve(order_id(number), wanted, actor=ORDER))
        except ReservationReleased:
            assert self.states[number] is ReservationState.RELEASED
            return
        if isinstance(outcome, Shortage):
            self._check_shortage(number, wanted)
        elif number not in self.states or self.states[number] is ReservationState.EXPIRED:
            self._note_hold(number, wanted, outcome)
        elif self._is_overdue(number):
            self.ends[number] = self.shop.clock() + HOLD

    @rule(number=orders)
    def commit(self, number: int) -> None:
        state = self.states.get(number)
        try:
            self.runner.run(self.shop.reservations.commit(order_id(number), actor=ORDER))
        except ReservationNotFound:
            assert state is None
        except ReservationReleased:
            assert state is ReservationState.RELEASED
        except ReservationExpired:
            assert state is ReservationState.EXPIRED or self._is_overdue(number)
        else:
            assert state in {ReservationState.HELD, ReservationState.COMMITTED, ReservationState.SHIPPED}
            if state is ReservationState.HELD:
                self.states[number] = ReservationState.COMMITTED

    @rule(number=orders)
    def release(self, number: int) -> None:
        self.runner.run(self.shop.reservations.release(order_id(number), actor=ORDER))
        if self.states.get(number) in {ReservationState.HELD, ReservationState.COMMITTED}:
            self.reserved.subtract(self.parts[number])
        if self.states.get(number) is not ReservationState.SHIPPED:
            self.states[number] = ReservationState.RELEASED

    @rule(number=orders)
    def ship(self, number: int) -> None:
        state = self.states.get(number)
        try:
            self.runner.run(self.shop.reservations.ship(order_id(number), actor=ORDER))
        except ReservationNotFound:
            assert state is None
            return
        if number not in self.shipped:
            self.shipped.add(number)
            self.on_hand.subtract(self.parts.get(number, Counter()))
            if state in {ReservationState.HELD, ReservationState.COMMITTED}:
                self.reserved.subtract(self.parts[number])
        if state is not ReservationState.RELEASED:
            self.states[number] = ReservationState.SHIPPED

    @rule(minutes=st.sampled_from([1, 7, 15]))
    def let_time_pass(self, minutes: int) -> None:
        self.shop.clock.turn_on(timedelta(minutes=minutes))

    @rule()
    def sweep(self) -> None:
        overdue = [number for number in self.states if self._is_overdue(number)]
        assert self.runner.run(self.shop.expiry.sweep()) == len(overdue)
        for number in overdue:
            self.reserved.subtract(self.parts[number])
            self.states[number] = ReservationState.EXPIRED

    @rule(sku=skus, delta=st.integers(-9, 9).filter(bool), data=st.data())
    def adjust(self, sku: str, delta: int, data: st.DataObject) -> None:
        place = data.draw(st.sampled_from(PLACES[sku]))
        self.requests += 1
        command = AdjustStock(STAFF, f"count-{self.requests}", sku, place, delta, "counted")
        allowed = delta > 0 or self.on_hand[sku, place] + delta >= self.reserved[sku, place]
        try:
            self.runner.run(self.shop.stocks.adjust(command, actor=STAFF))
        except BelowReserved:
            assert not allowed
        else:
            assert allowed
            self.on_hand[sku, place] += delta

    @invariant()
    def every_shelf_has_what_the_model_says(self) -> None:
        stocks, _ = self.runner.run(self.shop.stocks.batch(sorted(PLACES)))
        for stock in stocks:
            for shelf in stock.shelves:
                place = stock.sku, shelf.warehouse
                assert (shelf.on_hand, shelf.reserved) == (self.on_hand[place], self.reserved[place])

    def _is_overdue(self, number: int) -> bool:
        return self.states[number] is ReservationState.HELD and self.ends[number] <= self.shop.clock()

    def _free(self, sku: str) -> int:
        return sum(max(0, self.on_hand[sku, place] - self.reserved[sku, place]) for place in PLACES[sku])

    def _is_short(self, sku: str) -> bool:
        """Pieces that earlier orders have a claim on are missing: nobody gets any."""
        return any(max(0, self.on_hand[sku, place]) < self.reserved[sku, place] for place in PLACES[sku])

    def _check_shortage(self, number: int, wanted: tuple[RequestedLine, ...]) -> None:
        assert number not in self.states or self.states[number] is ReservationState.EXPIRED
        assert any(self._free(line.sku) < line.quantity or self._is_short(line.sku) for line in wanted)

    def _note_hold(self, number: int, wanted: tuple[RequestedLine, ...], held: Reservation) -> None:
        assert all(self._free(line.sku) >= line.quantity for line in wanted)
        assert not any(self._is_short(line.sku) for line in wanted)
        parts = Counter(
            {(line.sku, part.warehouse): part.quantity for line in held.lines for part in line.allocations}
        )
        for place, quantity in parts.items():
            assert quantity <= self.on_hand[place] - self.reserved[place]
        for line in wanted:
            assert sum(parts[line.sku, place] for place in PLACES[line.sku]) == line.quantity
        self.reserved.update(parts)
        self.states[number] = ReservationState.HELD
        self.ends[number] = self.shop.clock() + HOLD
        self.parts[number] = parts


TestStockModel = plays(StockModel, count=20)
