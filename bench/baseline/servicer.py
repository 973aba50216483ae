"""BatchGetStock over the baseline's reading."""

from typing import Any

from services.inventory.application.ports import StockLevels
from services.inventory.entrypoints.messages import stock_message
from shopmesh.inventory.v1 import inventory_service_pb2 as pb
from shopmesh.inventory.v1 import inventory_service_pb2_grpc as rpc


class BaselineServicer(rpc.InventoryServiceServicer):
    """Answers what the shipped servicer answers; all other methods are left out."""

    def __init__(self, *, levels: StockLevels) -> None:
        self._levels = levels

    async def BatchGetStock(self, request: pb.BatchGetStockRequest, context: Any) -> pb.BatchGetStockResponse:
        asked = tuple(dict.fromkeys(request.skus))
        found = await self._levels.find(asked)
        return pb.BatchGetStockResponse(
            stock=[stock_message(found[sku]) for sku in asked if sku in found],
            missing_skus=[sku for sku in asked if sku not in found],
        )
