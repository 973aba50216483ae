"""The inventory service over gRPC: one call for all lines, whatever their number."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

import grpc
import structlog

from mesh.messages import amount_of, reason_of
from services.kernel.money import Money
from services.order.application.ports import (
    InventoryUnreachable,
    ReservationGone,
    ReservationRefused,
    Reserved,
    Shortfall,
    Shortfalls,
)
from services.order.domain.events import LinePieces, PlacedLine
from services.order.domain.pricing import Product
from shopmesh.inventory.v1 import catalog_service_pb2 as catalog
from shopmesh.inventory.v1 import inventory_service_pb2 as stock
from shopmesh.inventory.v1.catalog_service_pb2_grpc import CatalogServiceStub
from shopmesh.inventory.v1.inventory_service_pb2_grpc import InventoryServiceStub

# Below this no call can succeed: it is not worth a connection.
_LEAST_SECONDS = 0.005
_REFUSALS: Mapping[str, type[Exception]] = {
    "RESERVATION_EXPIRED": ReservationGone,
    "RESERVATION_NOT_FOUND": ReservationGone,
    "RESERVATION_RELEASED": ReservationRefused,
}

_log = structlog.get_logger()


class GrpcInventory:
    """Calls the inventory service; whatever is no answer that a rule knows counts as silence."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._catalog = CatalogServiceStub(channel)
        self._stock = InventoryServiceStub(channel)

    async def products(self, skus: Sequence[str], *, timeout_seconds: float) -> Mapping[str, Product]:
        request = catalog.BatchGetProductsRequest(skus=skus)
        async with _answers("BatchGetProducts", timeout_seconds):
            response = await self._catalog.BatchGetProducts(request, timeout=timeout_seconds)
        return {product.sku: _product(product) for product in response.products if not product.retired}

    async def reserve(
        self, order_id: str, lines: Sequence[PlacedLine], *, timeout_seconds: float
    ) -> Reserved | Shortfalls:
        asked = [stock.ReserveLine(sku=line.sku, quantity=line.quantity) for line in lines]
        request = stock.ReserveStockRequest(order_id=order_id, lines=asked)
        async with _answers("ReserveStock", timeout_seconds):
            response = await self._stock.ReserveStock(request, timeout=timeout_seconds)
        if response.shortfalls:
            return Shortfalls(tuple(_shortfall(each) for each in response.shortfalls))
        prices = {line.sku: Money(*amount_of(line.unit_price)) for line in response.reservation.lines}
        return Reserved(tuple(prices[line.sku] for line in lines))

    async def commit(self, order_id: str, *, timeout_seconds: float) -> None:
        request = stock.CommitReservationRequest(order_id=order_id)
        async with _answers("CommitReservation", timeout_seconds):
            await self._stock.CommitReservation(request, timeout=timeout_seconds)

    async def release(
        self, order_id: str, shipped: Sequence[LinePieces] = (), *, timeout_seconds: float
    ) -> None:
        lines = [stock.ReserveLine(sku=line.sku, quantity=line.quantity) for line in shipped]
        request = stock.ReleaseReservationRequest(order_id=order_id, shipped=lines)
        async with _answers("ReleaseReservation", timeout_seconds):
            await self._stock.ReleaseReservation(request, timeout=timeout_seconds)


@asynccontextmanager
async def _answers(method: str, timeout_seconds: float) -> AsyncIterator[None]:
    if timeout_seconds < _LEAST_SECONDS:
        raise InventoryUnreachable(f"no time is left for {method}")
    try:
        yield
    except grpc.aio.AioRpcError as error:
        reason = reason_of(error)
        if reason in _REFUSALS:
            raise _REFUSALS[reason](f"{method}: {reason}") from None
        _log.warning("inventory_silent", method=method, code=error.code().name, reason=reason)
        raise InventoryUnreachable(f"{method}: {error.code().name}") from None


def _product(product: catalog.Product) -> Product:
    return Product(product.sku, product.name, Money(*amount_of(product.price)), product.available)


def _shortfall(each: stock.Shortfall) -> Shortfall:
    return Shortfall(each.sku, each.requested, each.available, each.unknown)
