"""A feed that is restarted again and again, against a model: nothing but what counts moves a shelf."""

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from services.inventory.adapters.tables import stock
from services.inventory.domain.wms_update import MOST_AHEAD, Ack, Count, Delta, Result, StockUpdate
from tests.support.inventory.machine import ShopMachine, plays
from tests.support.inventory.shop import STAFF, WMS

SHELF = ("MUG-RED", "berlin")


class EpochModel(ShopMachine):
    """Knows what the shelf has to be, and answers to every update itself."""

    def __init__(self) -> None:
        super().__init__()
        self.book, self.sequence, self.waits = 0, 0, False
        self.epoch, self.starts = 1, 0
        self.taken: list[StockUpdate] = []

    @initialize(pieces=st.integers(0, 9))
    def begin(self, pieces: int) -> None:
        self.runner.run(self.shop.sell("MUG-RED"))
        self._takes(self._update(1, Count(pieces)), pieces)

    @rule(quantity=st.integers(-5, 9).filter(bool), says_epoch=st.booleans())
    def come_or_go(self, quantity: int, says_epoch: bool) -> None:
        update = self._update(self.sequence + 1, Delta(quantity), says_epoch=says_epoch)
        if self.waits:
            self._leaves(update, Result.COUNT_NEEDED)
        elif self.book + quantity >= 0:
            self._takes(update, self.book + quantity)

    @rule(pieces=st.integers(0, 99), ahead=st.integers(1, 1000), says_epoch=st.booleans())
    def count(self, pieces: int, ahead: int, says_epoch: bool) -> None:
        self._takes(self._update(self.sequence + ahead, Count(pieces), says_epoch=says_epoch), pieces)

    @rule(pieces=st.integers(0, 99), sequence=st.integers(1, 2**40))
    def count_from_anywhere(self, pieces: int, sequence: int) -> None:
        if self.waits:
            self._takes(self._update(sequence, Count(pieces)), pieces)

    @rule(pieces=st.integers(0, 99), beyond=st.integers(1, 2**40))
    def jump(self, pieces: int, beyond: int) -> None:
        if not self.waits:
            self._leaves(self._update(self.sequence + MOST_AHEAD + beyond, Count(pieces)), Result.QUARANTINED)

    @rule(ahead=st.integers(2, 9))
    def leave_a_gap(self, ahead: int) -> None:
        if not self.waits:
            self._leaves(self._update(self.sequence + ahead, Delta(1)), Result.GAP)

    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        self._leaves(data.draw(st.sampled_from(self.taken)), Result.DUPLICATE)

    @rule(sequence=st.integers(1, 2**40), data=st.data())
    def come_late(self, sequence: int, data: st.DataObject) -> None:
        if self.epoch > 1:
            epoch = data.draw(st.integers(1, self.epoch - 1))
            if not any((each.epoch, each.sequence) == (epoch, sequence) for each in self.taken):
                self._leaves(StockUpdate(*SHELF, sequence, Delta(3), epoch=epoch), Result.STALE_EPOCH)

    @rule(early=st.integers(1, 9))
    def come_early(self, early: int) -> None:
        self._leaves(StockUpdate(*SHELF, 1, Count(1), epoch=self.epoch + early), Result.QUARANTINED)

    @rule(repeated=st.booleans())
    def start(self, repeated: bool) -> None:
        """Repeated: the answer was lost, and the request came again."""
        self.starts += 1
        self.epoch += 1
        self.waits, self.sequence = True, 0
        for _ in range(1 + repeated):
            request_id = f"start-{self.starts}"
            started = self.shop.feeds.start("berlin", request_id=request_id, reason="restored", actor=STAFF)
            assert self.runner.run(started) == self.epoch

    @invariant()
    def the_shelf_is_as_the_model_has_it(self) -> None:
        for row in self.runner.run(self.shop.rows(stock)):
            assert row.book_quantity == self.book
            assert (row.epoch < self.epoch) == self.waits
            assert self.waits or row.sequence == self.sequence
        assert not self.runner.run(self.shop.discrepancies())

    def _update(self, sequence: int, change: Count | Delta, *, says_epoch: bool = True) -> StockUpdate:
        return StockUpdate(*SHELF, sequence, change, epoch=self.epoch if says_epoch else 0)

    def _takes(self, update: StockUpdate, book: int) -> None:
        ack = self._answer(update)
        assert ack.result is Result.APPLIED
        self.book, self.sequence, self.waits = book, update.sequence, False
        self.taken.append(ack.update)

    def _leaves(self, update: StockUpdate, result: Result) -> None:
        assert self._answer(update).result is result

    def _answer(self, update: StockUpdate) -> Ack:
        ack = self.runner.run(self.shop.wms.apply(update, actor=WMS))
        assert ack.current_epoch == self.epoch
        return ack


TestEpochModel = plays(EpochModel, count=15, steps=40)
