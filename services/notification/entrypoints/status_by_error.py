"""Which status the service's errors become."""

from collections.abc import Mapping

import grpc

from services.kernel.errors import DomainError

STATUS_BY_ERROR: Mapping[type[Exception], grpc.StatusCode] = {
    DomainError: grpc.StatusCode.INVALID_ARGUMENT,
}
