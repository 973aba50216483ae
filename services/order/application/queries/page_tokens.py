"""Page tokens that name a position in a list of orders."""

from datetime import UTC, datetime

from services.kernel.paging import decode_page_token, encode_page_token, foreign_page_token
from services.order.application.ports import Position


def token_of(position: Position, *, filters: object) -> str:
    """Name a position in the list that these filters make."""
    return encode_page_token(f"{position.place_time.isoformat()} {position.order_id}", filters=repr(filters))


def position_of(token: str, *, filters: object) -> Position | None:
    """The position that a token names; None for no token.

    Raises:
        InvalidPageToken: It is not of a list with these filters.
    """
    if not token:
        return None
    time, _, order_id = decode_page_token(token, filters=repr(filters)).partition(" ")
    try:
        return Position(datetime.fromisoformat(time).astimezone(UTC), order_id)
    except (ValueError, OverflowError):
        raise foreign_page_token() from None
