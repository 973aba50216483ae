"""Types of columns that several services have."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, LargeBinary, String, TypeDecorator
from sqlalchemy.dialects.mysql import MEDIUMBLOB

EVENT_BODY = LargeBinary().with_variant(MEDIUMBLOB(), "mysql", "mariadb")
"""The bytes of an event: a plain BLOB of MySQL ends at 64 KiB."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def utc_text(time: datetime) -> str:
    """An aware time as a text of fixed width, as events carry it (ISO 8601): texts sort as times do."""
    return time.astimezone(UTC).isoformat(timespec="microseconds")


class UtcTime(TypeDecorator[datetime]):
    """An aware time as whole microseconds since 1970: exact, and it sorts and compares in every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> int | None:
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: Any, dialect: Any) -> datetime | None:
        return None if value is None else _EPOCH + _MICROSECOND * value


class UtcTimeText(TypeDecorator[datetime]):
    """An aware time as `utc_text` writes it."""

    impl = String(40)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> str | None:
        return None if value is None else utc_text(value)

    def process_result_value(self, value: Any, dialect: Any) -> datetime | None:
        return None if value is None else datetime.fromisoformat(value)
