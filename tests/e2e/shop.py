"""What customers and staff do over REST, and what they see."""

import json
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

JSON = dict[str, Any]

_RENEW_SECONDS = 200.0
HOME = {
    "recipient": "Alice Adams",
    "line1": "Main Street 1",
    "line2": "",
    "city": "Berlin",
    "region": "",
    "postalCode": "10115",
    "countryCode": "DE",
}


class Login(httpx.Auth):
    """Sends a token and gets another one before it expires.

    Args:
        fetch: Gets a token.
    """

    def __init__(self, fetch: Callable[[], str]) -> None:
        self._fetch = fetch
        self._token = ""
        self._until = 0.0

    def token(self) -> str:
        if time.monotonic() >= self._until:
            self._token, self._until = self._fetch(), time.monotonic() + _RENEW_SECONDS
        return self._token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["authorization"] = f"Bearer {self.token()}"
        yield request


@dataclass(frozen=True, slots=True)
class Problem:
    """A refusal as a REST client sees it."""

    status: int
    code: int
    reason: str
    message: str
    fields: tuple[str, ...]
    metadata: Mapping[str, str]
    retry_after: str


def problem(response: httpx.Response) -> Problem:
    """Read a refusal: `google.rpc.Status` at the top level, ErrorInfo first."""
    status = response.json()
    assert set(status) == {"code", "message", "details"}, status
    info = _detail(status, "ErrorInfo")
    assert info["domain"] == "shopmesh"
    violations = _detail(status, "BadRequest").get("fieldViolations", [])
    assert all(violation["description"] for violation in violations)
    return Problem(
        status=response.status_code,
        code=status["code"],
        reason=info["reason"],
        message=status["message"],
        fields=tuple(violation["field"] for violation in violations),
        metadata=info.get("metadata", {}),
        retry_after=_detail(status, "RetryInfo").get("retryDelay", ""),
    )


def refused(response: httpx.Response, status: int, reason: str) -> Problem:
    """Check that a request was refused for this reason, and read why."""
    found = problem(response)
    assert (found.status, found.reason) == (status, reason), found
    return found


def answered(response: httpx.Response) -> JSON:
    """Check that a request was answered, and read the body."""
    assert response.status_code == httpx.codes.OK, response.text
    return dict(response.json())


def new_sku() -> str:
    return f"TEST-{uuid4().hex[:12].upper()}"


def money(units: int, cents: int = 0) -> JSON:
    return {"currencyCode": "EUR", "units": str(units), "nanos": cents * 10_000_000}


def order_of(*lines: tuple[str, int], **more: Any) -> JSON:
    """A command to order SKUs in quantities, under an id of its own."""
    return {
        "requestId": uuid4().hex,
        "lines": [{"sku": sku, "quantity": quantity} for sku, quantity in lines],
        "shippingAddress": HOME,
    } | more


def place(customer: httpx.Client, *lines: tuple[str, int], **more: Any) -> JSON:
    """Order, and return the order."""
    return dict(answered(customer.post("/v1/orders", json=order_of(*lines, **more)))["order"])


@dataclass(frozen=True, slots=True)
class Store:
    """What the staff does to catalogue and stock."""

    staff: httpx.Client

    def product(
        self,
        *,
        units: int = 12,
        cents: int = 0,
        name: str = "A thing",
        price: JSON | None = None,
        **stock: int,
    ) -> str:
        """Add a product of a SKU of its own, with stock by warehouse."""
        product = {
            "sku": new_sku(),
            "name": name,
            "description": "Made for one test.",
            "category": "tests",
            "price": price or money(units, cents),
        }
        sku = str(answered(self.staff.post("/v1/products", json=product))["product"]["sku"])
        for warehouse, quantity in stock.items():
            answered(self.adjust(sku, warehouse=warehouse, delta=quantity))
        return sku

    def adjust(self, sku: str, **command: Any) -> httpx.Response:
        body = {"requestId": uuid4().hex, "reason": "a test needs it"} | command
        return self.staff.post(f"/v1/stock/{sku}:adjust", json=body)

    def reprice(self, sku: str, price: JSON) -> None:
        body = {"product": {"price": price}, "updateMask": "price"}
        answered(self.staff.patch(f"/v1/products/{sku}", json=body))

    def stock(self, sku: str) -> JSON:
        return dict(answered(self.staff.get(f"/v1/stock/{sku}"))["stock"])

    def ship(self, order_id: str) -> httpx.Response:
        return self.staff.post(f"/v1/orders/{order_id}:ship", json={})

    def deliver(self, order_id: str) -> httpx.Response:
        return self.staff.post(f"/v1/orders/{order_id}:deliver", json={})


@contextmanager
def watching(client: httpx.Client, path: str, **query: Any) -> Iterator[Iterator[JSON]]:
    """Open a stream of server-sent events and yield its messages as they come."""
    with client.stream("GET", path, params=query) as response:
        assert response.status_code == httpx.codes.OK, response.read()
        assert response.headers["content-type"] == "text/event-stream"
        yield (_event(line) for line in response.iter_lines() if line)


def _event(line: str) -> JSON:
    assert line.startswith("data: "), line
    return dict(json.loads(line.removeprefix("data: ")))


def _detail(status: JSON, kind: str) -> JSON:
    named = f"type.googleapis.com/google.rpc.{kind}"
    return next((dict(each) for each in status["details"] if each["@type"] == named), {})
