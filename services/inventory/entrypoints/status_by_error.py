"""Which status inventory's errors become."""

from collections.abc import Mapping
from types import MappingProxyType

from grpc import StatusCode

from mesh.event_log.inbox.parking import ParkingUnavailable
from services.inventory.domain import errors
from services.kernel.errors import DomainError
from services.kernel.paging import InvalidPageToken

STATUS_BY_ERROR: Mapping[type[Exception], StatusCode] = MappingProxyType(
    {
        DomainError: StatusCode.FAILED_PRECONDITION,
        InvalidPageToken: StatusCode.INVALID_ARGUMENT,
        errors.ProductNotFound: StatusCode.NOT_FOUND,
        errors.ProductExists: StatusCode.ALREADY_EXISTS,
        errors.InvalidProduct: StatusCode.INVALID_ARGUMENT,
        errors.CatalogContended: StatusCode.ABORTED,
        errors.StockNotFound: StatusCode.NOT_FOUND,
        errors.WarehouseNotFound: StatusCode.NOT_FOUND,
        errors.WarehouseRequired: StatusCode.INVALID_ARGUMENT,
        errors.TooMuchStock: StatusCode.INVALID_ARGUMENT,
        errors.RequestIdReused: StatusCode.ALREADY_EXISTS,
        errors.ReservationNotFound: StatusCode.NOT_FOUND,
        errors.ReservationDiffers: StatusCode.ALREADY_EXISTS,
        errors.DuplicateLine: StatusCode.INVALID_ARGUMENT,
        errors.ShipmentNotHeard: StatusCode.UNAVAILABLE,
        errors.StockContended: StatusCode.ABORTED,
        errors.StoreUnavailable: StatusCode.UNAVAILABLE,
        ParkingUnavailable: StatusCode.UNAVAILABLE,
    }
)
"""A subclass counts as its nearest listed base."""
