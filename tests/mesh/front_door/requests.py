"""Requests for any binding of the contract."""

import re
from typing import Any

import httpx

from mesh.contract import Access, Contract, Method
from tests.mesh.front_door.proxy import Proxy

BODY_VERBS = frozenset({"POST", "PUT", "PATCH"})
_FIELD = re.compile(r"\{[a-z0-9_.]+\}")


def bound(contract: Contract) -> list[Method]:
    return [method for method in contract.methods if method.binding is not None]


def path_of(method: Method, value: str = "018f-1") -> str:
    """The method's path with a value for every path field."""
    assert method.binding is not None
    return _FIELD.sub(value, method.binding.template)


def verb_of(method: Method) -> str:
    assert method.binding is not None
    return method.binding.verb


async def call(client: httpx.AsyncClient, proxy: Proxy, method: Method, **options: Any) -> httpx.Response:
    """Call a method as REST callers do, with a token where one is needed."""
    headers = {} if method.policy.access is Access.PUBLIC else proxy.bearer()
    if verb_of(method) in BODY_VERBS:
        options.setdefault("json", {})
    return await client.request(
        verb_of(method), path_of(method), headers={**headers, **options.pop("headers", {})}, **options
    )


def reason(response: httpx.Response) -> str:
    """The reason of a `google.rpc.Status` body."""
    body = response.json()
    assert set(body) == {"code", "message", "details"}, body
    return next(str(each["reason"]) for each in body["details"] if each["@type"].endswith("ErrorInfo"))
