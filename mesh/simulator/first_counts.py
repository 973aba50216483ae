"""What a simulated warehouse has to learn of the shop before it can begin."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mesh.simulator.transports import Transport
from mesh.simulator.warehouse import Place, Shelf
from shopmesh.inventory.v1.catalog_service_pb2 import ListProductsRequest
from shopmesh.inventory.v1.inventory_service_pb2 import BatchGetStockRequest
from shopmesh.inventory.v1.wms_service_pb2 import StockDelta, StockUpdate

if TYPE_CHECKING:
    from shopmesh.inventory.v1.catalog_service_pb2_grpc import CatalogServiceAsyncStub
    from shopmesh.inventory.v1.inventory_service_pb2_grpc import InventoryServiceAsyncStub

_FAR_AHEAD = 2**62


async def some_skus(catalog: "CatalogServiceAsyncStub", count: int) -> Sequence[str]:
    """The first SKUs of the catalogue."""
    page = await catalog.ListProducts(ListProductsRequest(page_size=count, order_by="sku"))
    return [product.sku for product in page.products]


async def shelves_of(
    stock: "InventoryServiceAsyncStub", transport: Transport, skus: Sequence[str]
) -> dict[Place, Shelf]:
    """The shelves of SKUs with what lies there, and the epoch and sequence from which their updates go on."""
    found = await stock.BatchGetStock(BatchGetStockRequest(skus=skus))
    pieces = {(each.sku, shelf.warehouse): shelf.on_hand for each in found.stock for shelf in each.warehouses}
    acks = await transport.send([_far_ahead(place) for place in pieces]) if pieces else []
    # A shelf that waits for a count names no sequence: it takes any.
    first = {(ack.sku, ack.warehouse): (ack.expected_sequence or 1, ack.epoch) for ack in acks}
    return {place: Shelf(max(0, number), *first[place]) for place, number in pieces.items()}


def _far_ahead(place: Place) -> StockUpdate:
    """An update behind a gap that nobody can fill: its answer names the next sequence, and nothing moves."""
    sku, warehouse = place
    return StockUpdate(sku=sku, warehouse=warehouse, sequence=_FAR_AHEAD, delta=StockDelta(quantity=1))
