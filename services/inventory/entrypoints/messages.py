"""Between the domain and the contract's messages."""

from collections.abc import Iterable

from mesh.messages import amount_of, money_message, time_of, timestamp
from services.inventory.application.reservations import Shortage
from services.inventory.domain.adjustment import AdjustStock
from services.inventory.domain.feed import ShelfStory
from services.inventory.domain.movement import Cause, MovementFilter, RecordedMovement
from services.inventory.domain.product import Listing, PriceEntry, Product, ProductChange
from services.inventory.domain.product_import import ImportPlan
from services.inventory.domain.reservation import Line, Reservation, ReservationState, Shortfall
from services.inventory.domain.stock import Stock
from services.kernel.clock import Clock
from services.kernel.money import Money
from shopmesh.inventory.v1 import catalog_service_pb2 as catalog
from shopmesh.inventory.v1 import inventory_service_pb2 as inventory

_CAUSE_PREFIX = "STOCK_MOVEMENT_CAUSE_"
_STATES = {
    ReservationState.HELD: inventory.RESERVATION_STATE_HELD,
    ReservationState.COMMITTED: inventory.RESERVATION_STATE_COMMITTED,
    ReservationState.RELEASED: inventory.RESERVATION_STATE_RELEASED,
    ReservationState.EXPIRED: inventory.RESERVATION_STATE_EXPIRED,
    ReservationState.SHIPPED: inventory.RESERVATION_STATE_SHIPPED,
}


def products_answer(listings: Iterable[Listing]) -> catalog.BatchGetProductsResponse:
    return catalog.BatchGetProductsResponse(products=map(product_message, listings))


def product_message(listing: Listing) -> catalog.Product:
    product = listing.product
    return catalog.Product(
        sku=product.sku,
        name=product.name,
        description=product.description,
        category=product.category,
        price=money_message(product.price),
        image_url=product.image_url,
        available=listing.available,
        retired=product.retired,
        update_time=timestamp(product.update_time),
    )


def new_product(message: catalog.Product, *, clock: Clock) -> Product:
    """The product to add; what the service sets itself is not taken from the message."""
    return Product(
        sku=message.sku,
        name=message.name,
        description=message.description,
        category=message.category,
        price=Money(*amount_of(message.price)),
        image_url=message.image_url,
        retired=False,
        update_time=clock(),
    )


def product_change(message: catalog.ProductChange) -> ProductChange:
    return ProductChange(
        name=message.name,
        description=message.description,
        category=message.category,
        price=Money(*amount_of(message.price)) if message.HasField("price") else None,
        image_url=message.image_url,
    )


def price_message(entry: PriceEntry) -> catalog.PriceEntry:
    return catalog.PriceEntry(
        price=money_message(entry.price), start_time=timestamp(entry.start_time), actor=entry.actor
    )


def import_response(plan: ImportPlan) -> catalog.ImportProductsResponse:
    return catalog.ImportProductsResponse(
        created_count=len(plan.created),
        updated_count=len(plan.updated),
        unchanged_count=plan.unchanged,
        problems=[
            catalog.ImportProblem(index=each.index, field=each.field, description=each.description)
            for each in plan.problems
        ],
    )


def adjustment_of(request: inventory.AdjustStockRequest, *, caller: str) -> AdjustStock:
    return AdjustStock(
        caller=caller,
        request_id=request.request_id,
        sku=request.sku,
        warehouse=request.warehouse,
        delta=request.delta,
        reason=request.reason,
    )


def movement_filter(request: inventory.ListStockMovementsRequest) -> MovementFilter:
    cause = inventory.StockMovementCause.Name(request.cause).removeprefix(_CAUSE_PREFIX)
    return MovementFilter(
        request.sku,
        request.warehouse,
        request.order_id,
        cause=Cause(cause) if request.cause else None,
        min_time=time_of(request.min_move_time) if request.HasField("min_move_time") else None,
        max_time=time_of(request.max_move_time) if request.HasField("max_move_time") else None,
    )


def movement_message(recorded: RecordedMovement) -> inventory.StockMovement:
    movement, provenance = recorded.movement, recorded.provenance
    return inventory.StockMovement(
        sku=movement.sku,
        warehouse=movement.warehouse,
        cause=inventory.StockMovementCause.Value(f"{_CAUSE_PREFIX}{movement.cause.value}"),
        book_quantity=movement.book_quantity,
        unreported=movement.unreported,
        held=movement.held,
        committed=movement.committed,
        order_id=provenance.order_id,
        actor=provenance.actor,
        note=provenance.note,
        causation=provenance.causation,
        trace_id=provenance.trace_id,
        move_time=timestamp(provenance.time),
    )


def shelf_explanation(story: ShelfStory, last_count: RecordedMovement | None) -> inventory.ShelfExplanation:
    shelf, position = story.shelf, story.position
    return inventory.ShelfExplanation(
        warehouse=shelf.warehouse,
        book_quantity=shelf.book_quantity,
        unreported=shelf.unreported,
        held=shelf.held,
        committed=shelf.committed,
        on_hand=shelf.on_hand,
        available=shelf.available,
        epoch=position.epoch,
        sequence=position.sequence,
        current_epoch=position.current_epoch,
        refusals=story.refusals,
        last_count=None if last_count is None else movement_message(last_count),
    )


def stock_answer(stocks: Iterable[Stock]) -> inventory.BatchGetStockResponse:
    return inventory.BatchGetStockResponse(stock=map(stock_message, stocks))


def stock_message(stock: Stock) -> inventory.Stock:
    return inventory.Stock(
        sku=stock.sku,
        available=stock.available,
        on_hand=stock.on_hand,
        reserved=stock.reserved,
        warehouses=[
            inventory.WarehouseStock(
                warehouse=shelf.warehouse,
                available=shelf.available,
                on_hand=shelf.on_hand,
                reserved=shelf.reserved,
            )
            for shelf in stock.shelves
        ],
        version=stock.version,
    )


def reserve_response(outcome: Reservation | Shortage) -> inventory.ReserveStockResponse:
    if isinstance(outcome, Shortage):
        return inventory.ReserveStockResponse(
            shortfalls=[_shortfall_message(each) for each in outcome.shortfalls]
        )
    return inventory.ReserveStockResponse(reservation=reservation_message(outcome))


def reservation_message(reservation: Reservation) -> inventory.Reservation:
    expire_time = reservation.expire_time
    return inventory.Reservation(
        order_id=reservation.order_id,
        state=_STATES[reservation.state],
        lines=[_line_message(line) for line in reservation.lines],
        expire_time=timestamp(expire_time) if expire_time is not None else None,
    )


def _line_message(line: Line) -> inventory.ReservationLine:
    return inventory.ReservationLine(
        sku=line.sku,
        quantity=line.quantity,
        unit_price=money_message(line.unit_price),
        allocations=[
            inventory.Allocation(warehouse=part.warehouse, quantity=part.quantity)
            for part in line.allocations
        ],
    )


def _shortfall_message(shortfall: Shortfall) -> inventory.Shortfall:
    return inventory.Shortfall(
        sku=shortfall.sku,
        requested=shortfall.requested,
        available=shortfall.available,
        unknown=shortfall.unknown,
    )
