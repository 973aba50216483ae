"""Which refusal wins at the front proxy when a request deserves two."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from uuid import uuid4

import grpc
import httpx
import pytest

from tests.e2e.calls import over_grpc
from tests.e2e.contract_methods import methods
from tests.e2e.shop import problem
from tests.e2e.strict import EDGE_BURST, WRITE_BURST
from tests.support.running_mesh import RunningMesh
from tests.support.waiting import until

_USED_UP = "127.0.0.88"
_BODY_BYTES = 1_048_577


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a request, and what it is refused with."""

    name: str
    status: int
    reason: str
    says: str = ""

    def __str__(self) -> str:
        return self.name


ADDRESS = Fault("address over its limit", 429, "RATE_LIMITED", "from this address")
ROUTE = Fault("unbound path", 404, "ROUTE_NOT_FOUND")
VERB = Fault("wrong verb", 405, "METHOD_NOT_ALLOWED")
NO_TOKEN = Fault("no token", 401, "TOKEN_REQUIRED")
BAD_TOKEN = Fault("bad token", 401, "TOKEN_INVALID")
SIZE = Fault("body over its bound", 413, "BODY_TOO_LARGE")
MEDIA = Fault("not JSON", 415, "UNSUPPORTED_MEDIA_TYPE")
BODY = Fault("unknown field", 400, "INVALID_REQUEST", "padding is not known here")
REVOKED = Fault("revoked token", 401, "TOKEN_INVALID", "revoked")
SCOPE = Fault("scope missing", 403, "SCOPE_MISSING")
CALLER = Fault("caller over the limit", 429, "RATE_LIMITED", "of class write")
RULE = Fault("broken rule", 400, "INVALID_REQUEST")
OBJECT = Fault("no such order", 404, "ORDER_NOT_FOUND")
PRECEDENCE = (
    ADDRESS,
    ROUTE,
    VERB,
    NO_TOKEN,
    BAD_TOKEN,
    SIZE,
    MEDIA,
    BODY,
    REVOKED,
    SCOPE,
    CALLER,
    RULE,
    OBJECT,
)
_EXCLUSIVE = (
    {NO_TOKEN, BAD_TOKEN},
    *({token, fault} for token in (NO_TOKEN, BAD_TOKEN) for fault in (REVOKED, SCOPE, CALLER)),
    {RULE, OBJECT},
)
PAIRS = [pair for pair in combinations(PRECEDENCE, 2) if set(pair) not in _EXCLUSIVE]


@dataclass(frozen=True, slots=True)
class Desk:
    """Sends requests with faults.

    Attributes:
        tokens: By account, and whether the token is narrow and revoked.
    """

    client: httpx.Client
    used_up: httpx.Client
    tokens: dict[tuple[str, bool, bool], str]

    def send(self, *faults: Fault) -> httpx.Response:
        client = self.used_up if ADDRESS in faults else self.client
        order_id = "no-uuid" if RULE in faults else uuid4()
        body = '{"padding": 1}' if BODY in faults else "{}"
        return client.request(
            "PUT" if VERB in faults else "POST",
            f"/v1/orders/{order_id}:{'nothing' if ROUTE in faults else 'cancel'}",
            content=body.ljust(_BODY_BYTES if SIZE in faults else 0),
            headers=self._headers(faults),
        )

    def _headers(self, faults: tuple[Fault, ...]) -> dict[str, str]:
        headers = {"content-type": "text/plain" if MEDIA in faults else "application/json"}
        if NO_TOKEN in faults:
            return headers
        account = "bob" if CALLER in faults else "alice"
        token = self.tokens[account, SCOPE in faults, REVOKED in faults]
        return headers | {"authorization": f"Bearer {'bad' if BAD_TOKEN in faults else token}"}


@pytest.fixture(scope="module")
def desk(strict: RunningMesh) -> Iterator[Desk]:
    url = strict.url.replace("localhost", "127.0.0.1")
    elsewhere = httpx.HTTPTransport(local_address=_USED_UP)
    with (
        strict.http() as client,
        httpx.Client(base_url=url, transport=elsewhere, timeout=20, trust_env=False) as used_up,
    ):
        desk = Desk(client, used_up, _tokens(strict, client))
        for _ in range(EDGE_BURST):
            used_up.get("/v1/nothing")
        for _ in range(WRITE_BURST):
            desk.client.post(
                f"/v1/orders/{uuid4()}:cancel",
                headers={"authorization": f"Bearer {desk.tokens['bob', False, False]}"},
            )
        yield desk


@pytest.mark.parametrize("fault", PRECEDENCE, ids=str)
def test_a_fault_is_refused_with_its_status(desk: Desk, fault: Fault) -> None:
    _check(desk.send(fault), fault)


@pytest.mark.parametrize(("winner", "other"), PAIRS, ids=str)
def test_of_two_faults_the_earlier_one_is_told(desk: Desk, winner: Fault, other: Fault) -> None:
    _check(desk.send(winner, other), winner)


def test_an_address_over_its_limit_is_told_how_long_to_wait(desk: Desk) -> None:
    response = desk.send(ADDRESS)

    assert problem(response).code == 8
    assert problem(response).retry_after.endswith("s")
    assert int(response.headers["retry-after"]) >= 1


def test_a_caller_over_the_limit_is_told_how_long_to_wait(desk: Desk) -> None:
    found = problem(desk.send(CALLER))

    assert (found.code, found.metadata) == (8, {"class": "write"})
    assert 0 < float(found.retry_after.removesuffix("s")) <= 60


def _check(response: httpx.Response, expected: Fault) -> None:
    found = problem(response)
    assert (found.status, found.reason) == (expected.status, expected.reason), found
    assert expected.says in found.message


def _tokens(mesh: RunningMesh, client: httpx.Client) -> dict[tuple[str, bool, bool], str]:
    tokens = {
        (account, narrow, revoked): mesh.token(account, *(("profile",) if narrow else ()))
        for account in ("alice", "bob")
        for narrow in (False, True)
        for revoked in (False, True)
        if (account, narrow, revoked) != ("bob", True, True)
    }
    for (_, _, revoked), token in tokens.items():
        if revoked:
            form = {"token": token, "client_id": "cli"}
            assert client.post("/oauth2/revoke", data=form).status_code == httpx.codes.OK
    _wait_for_revocation(mesh, tokens["alice", True, True])
    return tokens


def _wait_for_revocation(mesh: RunningMesh, token: str) -> None:
    """Services pull revocations every two seconds, the oldest first."""
    list_orders = next(method for method in methods() if method.name == "OrderService/ListOrders")
    with grpc.insecure_channel(mesh.grpc("order")) as channel:
        until(
            lambda: over_grpc(channel, list_orders, list_orders.input(), token).status == "UNAUTHENTICATED",
            "the order service knows the revocations",
        )
