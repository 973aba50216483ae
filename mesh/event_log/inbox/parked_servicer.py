"""What a service has parked, over gRPC: the same two methods in every service that has consumers."""

from typing import Any

from mesh.event_log.inbox.parked import Parked
from mesh.event_log.inbox.parking import Parking
from mesh.messages import timestamp
from services.kernel.paging import decode_position, encode_position, page_size
from shopmesh.events.v1.parked_events_pb2 import (
    ListParkedEventsRequest,
    ListParkedEventsResponse,
    ParkedEvent,
    RedriveParkedEventsRequest,
    RedriveParkedEventsResponse,
)

_QUERY = "parked"


class ParkedEventsServicer:
    """Answers `ListParkedEvents` and `RedriveParkedEvents`."""

    def __init__(self, parking: Parking) -> None:
        self._parking = parking

    async def ListParkedEvents(
        self, request: ListParkedEventsRequest, context: Any
    ) -> ListParkedEventsResponse:
        after = decode_position(request.page_token, filters=_QUERY)
        page = await self._parking.page(after=after, size=page_size(request.page_size))
        return ListParkedEventsResponse(
            events=map(_message, page.events),
            next_page_token=encode_position(page.next_position, filters=_QUERY),
        )

    async def RedriveParkedEvents(
        self, request: RedriveParkedEventsRequest, context: Any
    ) -> RedriveParkedEventsResponse:
        redriven = await self._parking.redrive(request.key or None)
        return RedriveParkedEventsResponse(handled=redriven.handled, remaining=redriven.remaining)


def _message(parked: Parked) -> ParkedEvent:
    return ParkedEvent(
        topic=parked.record.topic,
        key=parked.record.key,
        version=parked.record.version,
        type=parked.type,
        reason=parked.reason,
        park_time=timestamp(parked.park_time),
    )
