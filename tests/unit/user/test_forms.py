"""Forms as browsers and command lines send them."""

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from services.user.entrypoints.forms import read_form, read_query


def request(body: bytes, *, kind: str = "application/x-www-form-urlencoded", query: bytes = b"") -> Request:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    headers = [(b"content-type", kind.encode())]
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": query, "headers": headers}
    return Request(scope, receive)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        (b"", []),
        (b"a=1&b=&c&a=2", [("a", "1"), ("b", ""), ("c", ""), ("a", "2")]),
        (b"name=J%C3%B6rg+M%2B%26&x=%3D", [("name", "Jörg M+&"), ("x", "=")]),
        ("name=Jörg".encode(), [("name", "Jörg")]),
        (b"a%20b=1", [("a b", "1")]),
    ],
)
async def test_fields_are_read_in_their_order(body: bytes, fields: list[tuple[str, str]]) -> None:
    assert list(await read_form(request(body))) == fields
    assert list(read_query(request(b"", query=body.decode("latin-1").encode("latin-1")))) == fields


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"a=%FF", "application/x-www-form-urlencoded", 400),
        (b"a=\xff", "application/x-www-form-urlencoded; charset=utf-8", 400),
        (b"&".join([b"a=1"] * 101), "application/x-www-form-urlencoded", 400),
        (b"a=" + bytes(65 * 1024), "application/x-www-form-urlencoded", 413),
        (b"{}", "application/json", 415),
        (b"", "", 415),
    ],
)
async def test_what_is_no_form_or_too_much_is_refused(body: bytes, kind: str, status: int) -> None:
    with pytest.raises(HTTPException) as refused:
        await read_form(request(body, kind=kind))

    assert refused.value.status_code == status
