"""What a caller of a method learns of an error, for those who do not call over gRPC."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from grpc import StatusCode

from interceptors.core.status_error import StatusError

_HTTP_STATUS = {
    StatusCode.INVALID_ARGUMENT: 400,
    StatusCode.FAILED_PRECONDITION: 400,
    StatusCode.UNAUTHENTICATED: 401,
    StatusCode.PERMISSION_DENIED: 403,
    StatusCode.NOT_FOUND: 404,
    StatusCode.RESOURCE_EXHAUSTED: 429,
    StatusCode.UNAVAILABLE: 503,
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused call.

    Attributes:
        reason: The stable name of the cause.
        message: For people, in English.
        fields: What is wrong in the request: (path, description).
        retry_after_seconds: When trying again makes sense, if it does.
    """

    code: StatusCode
    reason: str
    message: str
    fields: Sequence[tuple[str, str]] = ()
    retry_after_seconds: float | None = None


def refusal_of(error: Exception, statuses: Mapping[type[Exception], StatusCode]) -> Refusal | None:
    """What an error means; None: nobody expects it.

    Args:
        error: What a method has raised.
        statuses: Which status each of the service's own errors becomes.
    """
    if isinstance(error, StatusError):
        return Refusal(error.code, error.reason, error.message, error.fields, error.retry_after_seconds)
    code = next((statuses[kind] for kind in type(error).__mro__ if kind in statuses), None)
    if code is None:
        return None
    return Refusal(
        code,
        getattr(error, "reason", ""),
        str(error),
        getattr(error, "fields", ()),
        getattr(error, "retry_after_seconds", None),
    )


class Refused(Exception):
    """A form was refused; the page says why.

    Attributes:
        refusal: What was refused, as a caller of the method would learn it.
    """

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal

    @property
    def status(self) -> int:
        """The HTTP status of the page."""
        return _HTTP_STATUS.get(self.refusal.code, 500)


@contextmanager
def refusing(
    statuses: Mapping[type[Exception], StatusCode], *, unavailable: type[Exception]
) -> Iterator[None]:
    """Turn the errors of a method that a form calls into `Refused`.

    Args:
        statuses: Which status each of the service's own errors becomes.
        unavailable: What the whole site answers; it passes, as does what nobody expects.
    """
    try:
        yield
    except unavailable:
        raise
    except Exception as error:
        refusal = refusal_of(error, statuses)
        if refusal is None:
            raise
        raise Refused(refusal) from error
