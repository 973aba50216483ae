"""Times as texts of a fixed width, so that texts sort as times do."""

from datetime import UTC, datetime

_NO_TIME = datetime.min.replace(tzinfo=UTC)


def time_text(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="microseconds")


def time_of(text: str) -> datetime:
    """The time of a text; the earliest of all when somebody has edited it into nonsense."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return _NO_TIME
