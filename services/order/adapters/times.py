"""Times as texts, which somebody may have edited."""

from datetime import UTC, datetime

from mesh.sql.columns import utc_text as time_text

__all__ = ["time_of", "time_text"]

_NO_TIME = datetime.min.replace(tzinfo=UTC)


def time_of(text: str) -> datetime:
    """The time of a text; the earliest of all when somebody has edited it into nonsense."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return _NO_TIME
