"""The warehouse system's side over gRPC."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from interceptors.auth.caller import caller, staff_actor
from mesh.server.streams import watch
from services.inventory.application.feeds import WarehouseFeeds
from services.inventory.application.quarantined_updates import QuarantinedUpdates
from services.inventory.application.reconciliation import Reconciliation
from services.inventory.application.wms_updates import WmsUpdates
from services.inventory.domain.wms_update import Ack
from services.inventory.entrypoints.wms_messages import (
    ack_message,
    feed_message,
    quarantined_update_message,
    report_message,
    snapshot_line,
    stock_update,
)
from services.kernel.clock import Clock
from shopmesh.inventory.v1 import wms_service_pb2 as pb
from shopmesh.inventory.v1 import wms_service_pb2_grpc as rpc
from shopmesh.stream.v1 import stream_pb2


class WmsServicer(rpc.WmsServiceServicer):
    """Answers `WmsService`."""

    def __init__(
        self,
        *,
        updates: WmsUpdates,
        reconciliation: Reconciliation,
        quarantined: QuarantinedUpdates,
        feeds: WarehouseFeeds,
        draining: asyncio.Event,
        clock: Clock,
    ) -> None:
        self._updates = updates
        self._reconciliation = reconciliation
        self._quarantined = quarantined
        self._feeds = feeds
        self._draining = draining
        self._clock = clock

    async def SyncStock(
        self, request_iterator: AsyncIterator[pb.SyncStockRequest], context: Any
    ) -> AsyncIterator[pb.SyncStockResponse]:
        sent = asyncio.Semaphore(1)
        acks = self._acks(request_iterator, sent)
        async for event in watch(
            acks, expire_time=caller().expire_time, draining=self._draining, clock=self._clock
        ):
            match event:
                case Ack():
                    yield pb.SyncStockResponse(ack=ack_message(event))
                    sent.release()
                case stream_pb2.Heartbeat():
                    yield pb.SyncStockResponse(heartbeat=event)
                case stream_pb2.Closed():
                    yield pb.SyncStockResponse(closed=event)

    async def PushStockUpdates(
        self, request: pb.PushStockUpdatesRequest, context: Any
    ) -> pb.PushStockUpdatesResponse:
        actor = staff_actor()
        acks = [await self._updates.apply(stock_update(each), actor=actor) for each in request.updates]
        return pb.PushStockUpdatesResponse(acks=[ack_message(ack) for ack in acks])

    async def ReconcileStock(
        self, request: pb.ReconcileStockRequest, context: Any
    ) -> pb.ReconcileStockResponse:
        lines = [snapshot_line(line) for line in request.lines]
        if request.repair:
            return report_message(await self._reconciliation.repair(lines, actor=staff_actor()))
        return report_message(await self._reconciliation.compare(lines))

    async def StartFeed(self, request: pb.StartFeedRequest, context: Any) -> pb.StartFeedResponse:
        epoch = await self._feeds.start(
            request.warehouse, request_id=request.request_id, reason=request.reason, actor=staff_actor()
        )
        return pb.StartFeedResponse(epoch=epoch)

    async def ListFeeds(self, request: pb.ListFeedsRequest, context: Any) -> pb.ListFeedsResponse:
        return pb.ListFeedsResponse(feeds=[feed_message(feed) for feed in await self._feeds.list()])

    async def ListQuarantinedUpdates(
        self, request: pb.ListQuarantinedUpdatesRequest, context: Any
    ) -> pb.ListQuarantinedUpdatesResponse:
        page = await self._quarantined.list(
            request.sku, size=request.page_size, page_token=request.page_token
        )
        updates = [quarantined_update_message(each) for each in page.updates]
        return pb.ListQuarantinedUpdatesResponse(updates=updates, next_page_token=page.next_page_token)

    async def _acks(
        self, requests: AsyncIterator[pb.SyncStockRequest], sent: asyncio.Semaphore
    ) -> AsyncIterator[Ack]:
        """Apply updates one by one: the next is read once the acknowledgement of the last is `sent`."""
        actor, arriving = staff_actor(), aiter(requests)
        while True:
            await sent.acquire()
            request = await anext(arriving, None)
            if request is None:
                return
            yield await self._updates.apply(stock_update(request.update), actor=actor)
