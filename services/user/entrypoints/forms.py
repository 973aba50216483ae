"""Forms: reading them, and refusing those of other sites."""

import hmac
from collections.abc import Sequence
from hashlib import sha256
from urllib.parse import unquote_to_bytes, urlsplit

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field, FormParser
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

_LONGEST_BODY_BYTES = 64 * 1024
_MOST_FIELDS = 100
_FORM = "application/x-www-form-urlencoded"


async def read_form(request: Request) -> Sequence[tuple[str, str]]:
    """The fields of a form, in their order.

    Raises:
        HTTPException: It is no form, or longer than 64 KiB.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
        raise HTTPException(415, f"the body has to be {_FORM}")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST_BODY_BYTES:
            raise HTTPException(413, f"the body is longer than {_LONGEST_BODY_BYTES} bytes")
    return _parse(bytes(body))


def read_query(request: Request) -> Sequence[tuple[str, str]]:
    """The query's parameters, in their order."""
    return _parse(request.url.query.encode())


def _parse(text: bytes) -> Sequence[tuple[str, str]]:
    fields: list[tuple[str, str]] = []

    def add(field: Field) -> None:
        fields.append((_decoded(field.field_name), _decoded(field.value)))

    parser = FormParser(_FORM, on_field=add, on_file=None, config={"MAX_FIELDS": _MOST_FIELDS})
    try:
        parser.write(text)
        parser.finalize()
    except (FormParserError, UnicodeDecodeError):
        raise HTTPException(400, f"at most {_MOST_FIELDS} parameters, in UTF-8") from None
    return fields


def _decoded(text: bytes | None) -> str:
    return unquote_to_bytes((text or b"").replace(b"+", b" ")).decode()


class FormGuard:
    """Ties a form to the browser and the site that it was shown in: a cookie, and its MAC in the form."""

    COOKIE = "__Host-form"
    FIELD = "csrf_token"

    def __init__(self, *, server_key: bytes, issuer: str) -> None:
        self._server_key = server_key
        self._issuer = issuer

    def token(self, cookie: str) -> str:
        return hmac.new(self._server_key, f"form:{cookie}".encode(), sha256).hexdigest()

    def is_ours(self, request: Request, token: str) -> bool:
        """Whether a form comes from one of our own pages, shown in this browser."""
        cookie = request.cookies.get(self.COOKIE, "")
        known = bool(cookie) and hmac.compare_digest(self.token(cookie).encode(), token.encode())
        return known and self._is_from_here(request)

    def _is_from_here(self, request: Request) -> bool:
        """What browsers say of a request's source; old ones, and programs, say nothing."""
        site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
        return site in (None, "same-origin", "none") and origin in (None, *self._origins(request))

    def _origins(self, request: Request) -> tuple[str, ...]:
        scheme = urlsplit(self._issuer).scheme
        return self._issuer, f"{scheme}://{request.headers.get('host', '')}"


def set_cookie(response: Response, name: str, value: str, *, max_age: int | None = None) -> None:
    """A cookie that only this host gets, that scripts cannot read and other sites' forms do not send.

    Browsers keep `Secure` cookies of http://localhost too.
    """
    response.set_cookie(name, value, max_age=max_age, path="/", secure=True, httponly=True, samesite="lax")


def delete_cookie(response: Response, name: str) -> None:
    response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="lax")
