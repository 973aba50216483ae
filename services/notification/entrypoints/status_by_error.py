"""Which status the service's errors become."""

from collections.abc import Mapping

import grpc

from mesh.event_log.inbox.parking import ParkingUnavailable
from services.kernel.errors import DomainError
from services.notification.domain.errors import (
    MailNotFound,
    MailProviderUnavailable,
    NoMailProvider,
    NotAboutAnOrder,
    StoreUnavailable,
    TooManyCopies,
)

STATUS_BY_ERROR: Mapping[type[Exception], grpc.StatusCode] = {
    DomainError: grpc.StatusCode.INVALID_ARGUMENT,
    StoreUnavailable: grpc.StatusCode.UNAVAILABLE,
    ParkingUnavailable: grpc.StatusCode.UNAVAILABLE,
    MailProviderUnavailable: grpc.StatusCode.UNAVAILABLE,
    NoMailProvider: grpc.StatusCode.FAILED_PRECONDITION,
    MailNotFound: grpc.StatusCode.NOT_FOUND,
    NotAboutAnOrder: grpc.StatusCode.FAILED_PRECONDITION,
    TooManyCopies: grpc.StatusCode.RESOURCE_EXHAUSTED,
}
