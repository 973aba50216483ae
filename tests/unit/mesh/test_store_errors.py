"""What a service makes of each error of its SQL driver."""

import sqlite3
from collections.abc import Iterator

import pytest
from sqlalchemy import exc
from structlog.testing import capture_logs

from mesh.sql.store_errors import translated

SECRET = "alice@example.com"
REFUSED = (exc.IntegrityError, exc.DataError, exc.ProgrammingError)


class Unavailable(Exception):
    def __init__(self, message: str, *, retry_after_seconds: float) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


def _kinds(kind: type[exc.DBAPIError] = exc.DBAPIError) -> Iterator[type[exc.DBAPIError]]:
    yield kind
    for narrower in kind.__subclasses__():
        yield from _kinds(narrower)


def _raised(error: Exception) -> Exception:
    with pytest.raises(Exception) as raised, translated(Unavailable, "orders cannot be read now"):  # noqa: PT011
        raise error
    return raised.value


@pytest.mark.parametrize("kind", sorted(_kinds(), key=str))
def test_what_is_refused_for_what_it_is_stays_and_the_rest_is_unavailable(kind: type[exc.DBAPIError]) -> None:
    error = kind("SELECT 1", None, Exception(SECRET))

    with capture_logs() as logs:
        raised = _raised(error)

    if issubclass(kind, REFUSED):
        assert raised is error
    else:
        assert isinstance(raised, Unavailable)
        assert (str(raised), raised.retry_after_seconds) == ("orders cannot be read now", 1.0)
        assert raised.__suppress_context__
    assert SECRET not in str(logs)
    assert len(logs) == isinstance(raised, Unavailable)


@pytest.mark.parametrize(
    ("error", "is_unavailable"),
    [
        (sqlite3.OperationalError("database is locked"), True),
        (sqlite3.DatabaseError("database disk image is malformed"), True),
        (sqlite3.IntegrityError("UNIQUE constraint failed"), False),
        (sqlite3.DataError("string or blob too big"), False),
    ],
    ids=repr,
)
def test_errors_of_the_bare_driver_are_read_alike(error: sqlite3.Error, is_unavailable: bool) -> None:
    assert (_raised(error) is error) is not is_unavailable


def test_other_errors_pass() -> None:
    error = ValueError("no")

    assert _raised(error) is error
