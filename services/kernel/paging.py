"""Opaque page tokens that are bound to the query they were made for."""

import base64
import binascii
import json
from hashlib import sha256

from services.kernel.errors import DomainError

DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 200
_MOST_DIGITS = 18
"""Of a position, which fits a 64-bit column then."""


class InvalidPageToken(DomainError):
    """A page token was made up, damaged, or taken from another query."""

    reason = "INVALID_PAGE_TOKEN"


def page_size(requested: int, *, most: int = MAX_PAGE_SIZE) -> int:
    """The size to use: 0 asks for the default, and too much gets the most there is (AIP-158)."""
    return min(requested or DEFAULT_PAGE_SIZE, most)


def encode_page_token(position: str, *, filters: str = "") -> str:
    """Name the position behind the last item of a page.

    Args:
        position: Whatever finds the next item again.
        filters: The query; the token is refused with any other.
    """
    return base64.urlsafe_b64encode(json.dumps([position, _digest(filters)]).encode()).decode()


def decode_page_token(token: str, *, filters: str = "") -> str:
    """Return the position that a token names.

    Raises:
        InvalidPageToken: It is none of ours, or belongs to another query.
    """
    try:
        position, digest = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (binascii.Error, ValueError, TypeError):
        raise foreign_page_token() from None
    if not isinstance(position, str) or digest != _digest(filters):
        raise _refusal("belongs to another query: keep all other parameters as they were")
    if not _is_unicode(position):
        raise foreign_page_token()
    return position


def encode_position(position: int, *, filters: str = "") -> str:
    """Name a numbered position; empty for 0, which is behind the last page."""
    return encode_page_token(str(position), filters=filters) if position else ""


def decode_position(token: str, *, filters: str = "") -> int:
    """Return the number that a token names; 0, the beginning, for the empty one.

    Raises:
        InvalidPageToken: It is none of ours, or belongs to another query.
    """
    position = decode_page_token(token, filters=filters) if token else "0"
    if not position.isdecimal() or len(position) > _MOST_DIGITS:
        raise foreign_page_token()
    return int(position)


def foreign_page_token() -> InvalidPageToken:
    """The refusal of a token that names no position."""
    return _refusal("is not a token that this service made")


def _digest(filters: str) -> str:
    return sha256(filters.encode()).hexdigest()[:16]


def _is_unicode(text: str) -> bool:
    """Whether a text has no half of a surrogate pair, which JSON can name and no store takes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _refusal(problem: str) -> InvalidPageToken:
    return InvalidPageToken(f"pageToken {problem}", fields=[("pageToken", problem)])
