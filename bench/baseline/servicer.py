"""BatchGetStock and ReserveStock as they were before."""

from typing import Any

from interceptors.auth.caller import staff_actor
from services.inventory.application.ports import StockLevels
from services.inventory.application.reservations import Reservations
from services.inventory.domain.reservation import RequestedLine
from services.inventory.entrypoints.messages import reserve_response, stock_message
from shopmesh.inventory.v1 import inventory_service_pb2 as pb
from shopmesh.inventory.v1 import inventory_service_pb2_grpc as rpc


class BaselineServicer(rpc.InventoryServiceServicer):
    """Answers what the shipped servicer answers; all other methods are left out."""

    def __init__(self, *, levels: StockLevels, reservations: Reservations) -> None:
        self._levels = levels
        self._reservations = reservations

    async def BatchGetStock(self, request: pb.BatchGetStockRequest, context: Any) -> pb.BatchGetStockResponse:
        asked = tuple(dict.fromkeys(request.skus))
        found = await self._levels.find(asked)
        return pb.BatchGetStockResponse(
            stock=[stock_message(found[sku]) for sku in asked if sku in found],
            missing_skus=[sku for sku in asked if sku not in found],
        )

    async def ReserveStock(self, request: pb.ReserveStockRequest, context: Any) -> pb.ReserveStockResponse:
        wanted = tuple(RequestedLine(line.sku, line.quantity) for line in request.lines)
        return reserve_response(
            await self._reservations.reserve(request.order_id, wanted, actor=staff_actor())
        )
