"""Pages of the mesh's own HTTP ports by the standard library, for commands that only look.

No cookies, no proxies, no redirects: what has them takes longer to load than all the rest of such a command.
"""

import asyncio
from contextlib import closing
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit


async def get_page(url: str, *, timeout_seconds: float) -> str | None:
    """The text of a page; None when nobody answers in time, or answers with something else than 200."""
    return await asyncio.to_thread(_got, url, timeout_seconds)


def _got(url: str, timeout_seconds: float) -> str | None:
    where = urlsplit(url)
    with closing(HTTPConnection(where.netloc, timeout=timeout_seconds)) as connection:
        try:
            connection.request("GET", where._replace(scheme="", netloc="").geturl())
            answer = connection.getresponse()
            text = answer.read().decode()
        except (OSError, HTTPException):
            return None
        return text if answer.status == HTTPStatus.OK else None
