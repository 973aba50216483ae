"""What of an order has left, was taken back or is still to come."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from services.order.domain.errors import InvalidShipment, ShipmentExceedsOpen, ShipmentIdReused
from services.order.domain.events import LinePieces, PlacedLine


@dataclass(frozen=True, slots=True)
class Parcel:
    """What leaves a warehouse at once, as somebody reports it.

    Attributes:
        shipment_id: Names it among those of the order; empty: it needs no name.
        lines: What is in it; empty: all that is open.
        carrier: Who brings it; may be empty.
        tracking_number: The carrier's; may be empty.
    """

    shipment_id: str = ""
    lines: tuple[LinePieces, ...] = ()
    carrier: str = ""
    tracking_number: str = ""

    @property
    def says_more_than_the_rest(self) -> bool:
        """Whether it says more than that all that is open has left."""
        return self != Parcel()


@dataclass(frozen=True, slots=True)
class Shipment:
    """A parcel of an order; it may have been reported line by line.

    Attributes:
        ship_time: When the first of it left.
    """

    shipment_id: str
    lines: tuple[LinePieces, ...]
    ship_time: datetime
    carrier: str
    tracking_number: str


@dataclass(frozen=True, slots=True)
class LineProgress:
    """Where a line stands; what is neither shipped nor cancelled is open."""

    line: PlacedLine
    shipped: int
    cancelled: int

    @property
    def open(self) -> int:
        return self.line.quantity - self.shipped - self.cancelled


def pieces_of(lines: Iterable[LinePieces]) -> Counter[str]:
    """How many pieces of each SKU there are in lines."""
    pieces: Counter[str] = Counter()
    for line in lines:
        pieces[line.sku] += line.quantity
    return pieces


def with_parcel(shipments: tuple[Shipment, ...], more: Shipment) -> tuple[Shipment, ...]:
    """The shipments after one more, which may be more of one that is there."""
    known = next((each for each in shipments if each.shipment_id == more.shipment_id), None)
    if known is None:
        return (*shipments, more)
    together = replace(
        known,
        lines=tuple(LinePieces(*each) for each in pieces_of((*known.lines, *more.lines)).items()),
        carrier=known.carrier or more.carrier,
        tracking_number=known.tracking_number or more.tracking_number,
    )
    return tuple(together if each is known else each for each in shipments)


def require_named(parcel: Parcel) -> None:
    """Check that a call that ships lines can be repeated.

    Raises:
        InvalidShipment: It has lines and no id.
    """
    if parcel.lines and not parcel.shipment_id:
        problem = "is required where lines are given: the call may be repeated on its way"
        raise InvalidShipment(f"shipmentId {problem}", fields=[("shipmentId", problem)])


def is_recorded(parcel: Parcel, shipments: Iterable[Shipment]) -> bool:
    """Whether an order has a parcel already.

    Raises:
        ShipmentIdReused: It has another one under this id.
    """
    if not parcel.shipment_id:
        return False
    known = next((each for each in shipments if each.shipment_id == parcel.shipment_id), None)
    if known is not None and pieces_of(known.lines) != pieces_of(parcel.lines):
        raise ShipmentIdReused(
            f"the order has another shipment {parcel.shipment_id}",
            fields=[("shipmentId", "was used for other lines before; choose a new one")],
        )
    return known is not None


def require_open(parcel: Parcel, open_lines: Iterable[LinePieces], *, metadata: Mapping[str, str]) -> None:
    """Check that a parcel has no more pieces than are open.

    Raises:
        ShipmentExceedsOpen: It has.
    """
    left = pieces_of(open_lines)
    problems = [
        (f"lines[{index}].quantity", f"is {line.quantity}, of {line.sku} {left[line.sku]} are open")
        for index, line in enumerate(parcel.lines)
        if line.quantity > left[line.sku]
    ]
    if problems:
        message = "; ".join(f"{field} {problem}" for field, problem in problems)
        raise ShipmentExceedsOpen(message, fields=problems, metadata=metadata)
