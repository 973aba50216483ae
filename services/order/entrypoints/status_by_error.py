"""Which status the order service's errors become."""

from collections.abc import Mapping
from types import MappingProxyType

from grpc import StatusCode

from mesh.event_log.inbox.parking import ParkingUnavailable
from services.kernel.errors import DomainError
from services.kernel.money import MixedCurrencies
from services.kernel.paging import InvalidPageToken
from services.order.domain import errors

STATUS_BY_ERROR: Mapping[type[Exception], StatusCode] = MappingProxyType(
    {
        DomainError: StatusCode.FAILED_PRECONDITION,
        InvalidPageToken: StatusCode.INVALID_ARGUMENT,
        MixedCurrencies: StatusCode.INVALID_ARGUMENT,
        errors.InvalidLines: StatusCode.INVALID_ARGUMENT,
        errors.InvalidAddress: StatusCode.INVALID_ARGUMENT,
        errors.UnknownSku: StatusCode.INVALID_ARGUMENT,
        errors.OrderNotFound: StatusCode.NOT_FOUND,
        errors.VersionNotFound: StatusCode.NOT_FOUND,
        errors.InvalidShipment: StatusCode.INVALID_ARGUMENT,
        errors.RequestIdReused: StatusCode.ALREADY_EXISTS,
        errors.ShipmentIdReused: StatusCode.ALREADY_EXISTS,
        errors.PartsNotReadable: StatusCode.UNAVAILABLE,
        errors.InventoryUnavailable: StatusCode.UNAVAILABLE,
        errors.StoreUnavailable: StatusCode.UNAVAILABLE,
        ParkingUnavailable: StatusCode.UNAVAILABLE,
        errors.ChangedMeanwhile: StatusCode.ABORTED,
    }
)
"""A subclass counts as its nearest listed base."""
