"""Which events share a transaction."""

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby

from mesh.event_log.inbox.parked import type_of
from mesh.event_log.port import Record

TOGETHER = 32
"""How many events at most share a transaction: other writers wait for its end."""


def shared_out(records: Sequence[Record], *, alone: Collection[str]) -> Iterator[Sequence[Record]]:
    """The records in their order, as many together as may be.

    Args:
        records: In the order of the log.
        alone: Types of events that share no transaction.
    """

    def is_alone(record: Record) -> bool:
        return bool(alone) and type_of(record.body) in alone

    for is_each_alone, run in groupby(records, key=is_alone):
        most, several = 1 if is_each_alone else TOGETHER, list(run)
        yield from (several[start : start + most] for start in range(0, len(several), most))
