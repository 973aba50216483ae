"""Stock and reservations over gRPC."""

import asyncio
from collections.abc import AsyncIterator
from operator import attrgetter
from typing import Any

from interceptors.auth.caller import caller, staff_actor
from interceptors.validation.raw_request import as_sent
from mesh.server.streams import watch
from services.inventory.application.movements import RecordedMovements
from services.inventory.application.reservations import Reservations
from services.inventory.application.stock_feed import StockFeed
from services.inventory.application.stocks import Stocks
from services.inventory.domain.reservation import RequestedLine
from services.inventory.domain.stock import Stock
from services.inventory.entrypoints.messages import (
    adjustment_of,
    movement_filter,
    movement_message,
    reservation_message,
    reserve_response,
    shelf_explanation,
    stock_answer,
    stock_message,
)
from services.inventory.entrypoints.serialized_fragments import SerializedFragments
from services.kernel.clock import Clock
from shopmesh.inventory.v1 import inventory_service_pb2 as pb
from shopmesh.inventory.v1 import inventory_service_pb2_grpc as rpc
from shopmesh.stream.v1 import stream_pb2


class InventoryServicer(rpc.InventoryServiceServicer):
    """Answers `InventoryService`."""

    def __init__(
        self,
        *,
        stocks: Stocks,
        movements: RecordedMovements,
        reservations: Reservations,
        feed: StockFeed,
        draining: asyncio.Event,
        clock: Clock,
        fast_path: bool = True,
    ) -> None:
        self._stocks = stocks
        self._movements = movements
        self._reservations = reservations
        self._feed = feed
        self._draining = draining
        self._clock = clock
        fragments = SerializedFragments(key=attrgetter("sku"), answer=stock_answer)
        self._stock_answer = fragments.answer if fast_path else stock_answer

    async def GetStock(self, request: pb.GetStockRequest, context: Any) -> pb.GetStockResponse:
        return pb.GetStockResponse(stock=stock_message(await self._stocks.get(request.sku)))

    async def BatchGetStock(self, request: pb.BatchGetStockRequest, context: Any) -> pb.BatchGetStockResponse:
        known, missing = await self._stocks.batch(request.skus)
        response = self._stock_answer(known)
        response.missing_skus.extend(missing)
        return response

    async def WatchStock(
        self, request: pb.WatchStockRequest, context: Any
    ) -> AsyncIterator[pb.WatchStockResponse]:
        async for event in watch(
            self._feed.watch(request.skus),
            expire_time=caller().expire_time,
            draining=self._draining,
            clock=self._clock,
        ):
            match event:
                case Stock():
                    yield pb.WatchStockResponse(stock=stock_message(event))
                case stream_pb2.Heartbeat():
                    yield pb.WatchStockResponse(heartbeat=event)
                case stream_pb2.Closed():
                    yield pb.WatchStockResponse(closed=event)

    async def ReserveStock(self, request: pb.ReserveStockRequest, context: Any) -> pb.ReserveStockResponse:
        wanted = tuple(RequestedLine(line.sku, line.quantity) for line in request.lines)
        return reserve_response(
            await self._reservations.reserve(request.order_id, wanted, actor=staff_actor())
        )

    async def CommitReservation(
        self, request: pb.CommitReservationRequest, context: Any
    ) -> pb.CommitReservationResponse:
        reservation = await self._reservations.commit(request.order_id, actor=staff_actor())
        return pb.CommitReservationResponse(reservation=reservation_message(reservation))

    async def ReleaseReservation(
        self, request: pb.ReleaseReservationRequest, context: Any
    ) -> pb.ReleaseReservationResponse:
        shipped = {line.sku: line.quantity for line in request.shipped}
        reservation = await self._reservations.release(request.order_id, actor=staff_actor(), shipped=shipped)
        return pb.ReleaseReservationResponse(reservation=reservation_message(reservation))

    async def AdjustStock(self, request: pb.AdjustStockRequest, context: Any) -> pb.AdjustStockResponse:
        actor = staff_actor()
        stock = await self._stocks.adjust(
            adjustment_of(request, caller=actor),
            actor=actor,
            as_sent=adjustment_of(as_sent(request), caller=actor),
        )
        return pb.AdjustStockResponse(stock=stock_message(stock))

    async def ExplainStock(self, request: pb.ExplainStockRequest, context: Any) -> pb.ExplainStockResponse:
        shelves = await self._movements.explain(request.sku)
        return pb.ExplainStockResponse(shelves=[shelf_explanation(*each) for each in shelves])

    async def ListStockMovements(
        self, request: pb.ListStockMovementsRequest, context: Any
    ) -> pb.ListStockMovementsResponse:
        page = await self._movements.list(
            movement_filter(request), size=request.page_size, page_token=request.page_token
        )
        movements = [movement_message(each) for each in page.movements]
        return pb.ListStockMovementsResponse(movements=movements, next_page_token=page.next_page_token)
