"""Times on the command line."""

from datetime import UTC, datetime

import typer


def utc_time(text: str) -> datetime:
    """An RFC 3339 time, as JSON has it (its letters may be small, §5.6); without an offset it is UTC.

    Raises:
        BadParameter: It is none.
    """
    try:
        time = datetime.fromisoformat(text.upper())
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        examples = "2026-11-26T08:00:00.123456Z or 2026-11-26T09:00:00+01:00"
        raise typer.BadParameter(f"{text!r} is not a time: {examples} is") from None
