"""Where a page of a list starts, and where the next one does."""

from services.kernel.paging import decode_page_token, encode_page_token


def position(token: str, *, filters: str) -> str | None:
    """The id that a page starts below; None: at the newest."""
    return decode_page_token(token, filters=filters) if token else None


def next_token(ids: list[str], *, size: int, filters: str) -> str:
    """The token of the next page; `ids` holds one more than the page if there is one."""
    return encode_page_token(ids[size - 1], filters=filters) if len(ids) > size else ""
