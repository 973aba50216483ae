"""Orders by the thousand: one transaction for each."""

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from bench.past_orders.history import History, PastOrder

Say = Callable[[str], None]
_TOGETHER = 1_000
_SAY_EVERY = 100_000


def batches(history: History, what: str, say: Say) -> Iterator[Sequence[PastOrder]]:
    """All orders, a thousand at a time; says now and then how many are done."""
    orders, done, began = history.orders(), 0, time.monotonic()
    while several := list(islice(orders, _TOGETHER)):
        yield several
        done += len(several)
        if done % _SAY_EVERY == 0 or done == history.count:
            seconds = time.monotonic() - began
            say(f"{what} of {done:,} of {history.count:,} orders after {seconds:.0f} s")
