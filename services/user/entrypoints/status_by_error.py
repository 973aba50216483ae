"""Which status each of the service's errors becomes."""

from collections.abc import Mapping

from grpc import StatusCode

from services.kernel.paging import InvalidPageToken
from services.user.domain import errors

STATUS_BY_ERROR: Mapping[type[Exception], StatusCode] = {
    errors.UserNotFound: StatusCode.NOT_FOUND,
    errors.AddressNotFound: StatusCode.NOT_FOUND,
    errors.TooManyAddresses: StatusCode.FAILED_PRECONDITION,
    errors.InvalidField: StatusCode.INVALID_ARGUMENT,
    errors.LinkInvalid: StatusCode.INVALID_ARGUMENT,
    errors.WrongPassword: StatusCode.PERMISSION_DENIED,
    errors.AccountDisabled: StatusCode.PERMISSION_DENIED,
    errors.EmailTaken: StatusCode.FAILED_PRECONDITION,
    errors.OwnAccount: StatusCode.FAILED_PRECONDITION,
    errors.LastAdmin: StatusCode.FAILED_PRECONDITION,
    errors.OpenOrders: StatusCode.FAILED_PRECONDITION,
    errors.TooBusy: StatusCode.RESOURCE_EXHAUSTED,
    errors.TooManyAttempts: StatusCode.RESOURCE_EXHAUSTED,
    errors.OrdersUnavailable: StatusCode.UNAVAILABLE,
    errors.StoreUnavailable: StatusCode.UNAVAILABLE,
    InvalidPageToken: StatusCode.INVALID_ARGUMENT,
}
