"""The parked events of all of a service's consumers, listed as one and redriven."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from mesh.event_log.inbox.consumer import Consumer
from mesh.event_log.inbox.inbox import Redriven, RetryLater
from mesh.event_log.inbox.parked import Parked
from mesh.sql import store_errors

_RETRY_SECONDS = 1.0


class ParkingUnavailable(Exception):
    """What was parked cannot be read or handled now; `reason` says why in one word."""

    def __init__(self, message: str, *, reason: str, retry_after_seconds: float = _RETRY_SECONDS) -> None:
        super().__init__(message)
        self.reason = reason
        self.retry_after_seconds = retry_after_seconds


@dataclass(frozen=True, slots=True)
class ParkedPage:
    """A page of parked events; `next_position` is 0 on the last."""

    events: Sequence[Parked]
    next_position: int


class Parking:
    """The parked events of consumers whose inboxes are in one database."""

    def __init__(self, *consumers: Consumer) -> None:
        self._consumers = consumers

    async def page(self, *, after: int, size: int) -> ParkedPage:
        """What is parked behind a position, oldest first.

        Raises:
            ParkingUnavailable: The database is away.
        """
        with _translated():
            found = [
                parked
                for consumer in self._consumers
                for parked in await consumer.parked(after=after, limit=size + 1)
            ]
        # They share a table, so positions are unique and grow among all of them.
        found.sort(key=lambda parked: parked.position)
        page = found[:size]
        return ParkedPage(page, page[-1].position if len(found) > size else 0)

    async def redrive(self, key: str | None) -> Redriven:
        """Handle the parked events of a key, or all, again; what fails stays, with what follows it.

        Raises:
            ParkingUnavailable: The database is away, or what an event needs; call again for the rest.
        """
        with _translated():
            redriven = [await consumer.redrive(key) for consumer in self._consumers]
        return Redriven(
            handled=sum(each.handled for each in redriven),
            remaining=sum(each.remaining for each in redriven),
        )


@contextmanager
def _translated() -> Iterator[None]:
    store_unavailable = partial(ParkingUnavailable, reason="STORE_UNAVAILABLE")
    try:
        with store_errors.translated(store_unavailable, "parked events cannot be read or handled now"):
            yield
    except RetryLater as error:
        message = "what a parked event needs is away"
        raise ParkingUnavailable(message, reason="DEPENDENCY_UNAVAILABLE") from error
