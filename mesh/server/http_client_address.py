"""From which address an HTTP request to a service comes."""

import hmac
from collections.abc import Callable

from starlette.requests import Request

from interceptors.auth.interceptor import EDGE_PROOF_KEY
from interceptors.core.client_address import CLIENT_ADDRESS_KEY

ClientAddress = Callable[[Request], str]
"""The IP address of a request's client."""


def client_address_of(edge_secret: str) -> ClientAddress:
    """The client's address is believed only from the front proxy; else it is the peer's."""

    def address(request: Request) -> str:
        if is_from_edge(request, edge_secret):
            return request.headers.get(CLIENT_ADDRESS_KEY, "")
        return request.client.host if request.client else ""

    return address


def is_from_edge(request: Request, edge_secret: str) -> bool:
    """Whether the front proxy sent a request: it proves itself with a secret."""
    sent = request.headers.get(EDGE_PROOF_KEY, "")
    return bool(sent and edge_secret) and hmac.compare_digest(sent.encode(), edge_secret.encode())
