"""Every method by every kind of caller, on the gRPC ports and through the front proxy.

What has to happen is computed from the descriptor set; nothing of the mesh's own code is asked.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

import grpc
import httpx
import pytest

from tests.e2e.calls import Answer, over_grpc, over_rest
from tests.e2e.contract_methods import Method, methods
from tests.e2e.people import Person, joined
from tests.e2e.policies import Caller, Kind, Verdict, verdict
from tests.e2e.shop import HOME, Login, Store, answered, place
from tests.e2e.stores import fingerprint, wait_until_quiet
from tests.e2e.valid_requests import known_values, valid
from tests.support.running_mesh import RunningMesh
from tests.support.waiting import until

SERVICES = ("user", "order", "inventory", "notification")
METHODS = methods()
SURFACES = ("grpc", "rest")
_OWN_ADDRESS = "127.0.0.66"
"""Where the REST calls come from: limits by address are this test's own."""

_EXPECTED: Mapping[Verdict, frozenset[str | int]] = {
    Verdict.ADMITTED: frozenset(
        {
            "OK",
            "INVALID_ARGUMENT",
            "FAILED_PRECONDITION",
            "ALREADY_EXISTS",
            "UNIMPLEMENTED",
            200,
            400,
            409,
            501,
        }
    ),
    Verdict.UNAUTHENTICATED: frozenset({"UNAUTHENTICATED", 401}),
    Verdict.DENIED: frozenset({"PERMISSION_DENIED", 403}),
    Verdict.HIDDEN: frozenset({"NOT_FOUND", 404}),
    Verdict.UNROUTED: frozenset({404}),
}
_REASONS: Mapping[Verdict, frozenset[str]] = {
    Verdict.UNAUTHENTICATED: frozenset({"TOKEN_REQUIRED", "TOKEN_INVALID"}),
    Verdict.DENIED: frozenset({"SCOPE_MISSING", "USER_REQUIRED", "INTERNAL_METHOD"}),
    Verdict.HIDDEN: frozenset({"ORDER_NOT_FOUND", "ADDRESS_NOT_FOUND"}),
    Verdict.UNROUTED: frozenset({"ROUTE_NOT_FOUND"}),
}
_BROKEN_RULE = "INVALID_REQUEST"
_OWN_REFUSAL = "WRONG_PASSWORD"
"""What an admitted caller hears who does not know the password."""


@dataclass(frozen=True, slots=True)
class World:
    """Who calls, whom and what the calls are about, and how they are made.

    Attributes:
        known: Makes the values that requests name: the owner's objects, and what is there.
        call: Calls a method with a request and a token.
    """

    mesh: RunningMesh
    callers: tuple[Caller, ...]
    known: Callable[[], Mapping[str, Any]]
    call: Callable[[Method, Any, str], Answer]
    at_edge: bool

    def answers(self, admitted: bool) -> Iterator[tuple[Method, Caller, Verdict, Answer]]:
        """Make every call that has to be admitted, or every other."""
        for method in METHODS:
            for caller in self.callers:
                expected = verdict(method, caller, at_edge=self.at_edge)
                if (expected is Verdict.ADMITTED) is admitted:
                    request = valid(method.input, self.known())
                    answer = self.call(method, request, caller.token(method.service))
                    yield method, caller, expected, answer


@pytest.fixture(scope="module")
def people(running_mesh: RunningMesh, admin: httpx.Client, store: Store) -> Iterator[tuple[Person, ...]]:
    """An owner, a stranger and somebody whom staff talks about."""
    with ExitStack() as stack:
        owner, stranger, subject = (
            stack.enter_context(joined(running_mesh, name)) for name in ("Olga", "Steve", "Sue")
        )
        # Who has an order on its way cannot be erased: the accounts outlive the matrix.
        for client in (owner.client, stranger.client, admin):
            place(client, (store.product(berlin=1), 1))
        yield owner, stranger, subject


@pytest.fixture(scope="module")
def callers(
    people: tuple[Person, ...],
    admin: httpx.Client,
    wms: httpx.Client,
    service_tokens: dict[str, str],
) -> tuple[Caller, ...]:
    owner, stranger, _ = people

    def everywhere(client: httpx.Client) -> dict[str, str]:
        assert isinstance(client.auth, Login)
        return dict.fromkeys(SERVICES, client.auth.token())

    return (
        Caller("anonymous", Kind.NOBODY),
        Caller("owner", Kind.USER, everywhere(owner.client), owns=True),
        Caller("stranger", Kind.USER, everywhere(stranger.client)),
        Caller("admin", Kind.USER, everywhere(admin)),
        Caller("service", Kind.SERVICE, service_tokens),
        Caller("wms", Kind.CLIENT, everywhere(wms)),
    )


@pytest.fixture(scope="module", params=SURFACES)
def world(
    request: pytest.FixtureRequest,
    running_mesh: RunningMesh,
    people: tuple[Person, ...],
    callers: tuple[Caller, ...],
    store: Store,
) -> Iterator[World]:
    owner, _, subject = people
    sku, retired = store.product(berlin=50), store.product()
    order_id = place(owner.client, (sku, 1))["orderId"]
    address_id = answered(owner.client.post("/v1/users/me/addresses", json=HOME))["address"]["addressId"]

    mail_id = str(uuid5(UUID(order_id), "order_confirmed"))
    until((running_mesh.home / "mail" / f"{mail_id}.eml").exists, "the order's mail is sent")

    def known() -> dict[str, Any]:
        return known_values(sku=sku, order_id=order_id, address_id=address_id, user_id=subject.user_id) | {
            "shopmesh.inventory.v1.RetireProductRequest.sku": retired,
            "notification_id": mail_id,
        }

    with ExitStack() as stack:
        at_edge = request.param == "rest"
        call = _rest(stack, running_mesh) if at_edge else _grpc(stack, running_mesh)
        yield World(running_mesh, callers, known, call, at_edge)


def test_whoever_may_not_is_refused_and_no_store_changes(world: World) -> None:
    wait_until_quiet(world.mesh)
    before = fingerprint(world.mesh)

    made = list(world.answers(admitted=False))

    wrong = [
        f"{method} as {caller}: {expected.name} expected, {answer} came"
        for method, caller, expected, answer in made
        if answer.status not in _EXPECTED[expected] or answer.reason not in _REASONS[expected]
    ]
    assert wrong == []
    assert fingerprint(world.mesh) == before
    assert len(made) > len(METHODS)


def test_whoever_may_is_admitted(world: World) -> None:
    wrong = [
        f"{method} as {caller}: admission expected, {answer} came"
        for method, caller, expected, answer in world.answers(admitted=True)
        if (answer.status not in _EXPECTED[expected] and answer.reason != _OWN_REFUSAL)
        or answer.reason == _BROKEN_RULE
    ]

    assert wrong == []


def test_every_method_has_somebody_who_may_call_it(callers: tuple[Caller, ...]) -> None:
    for method in METHODS:
        assert any(verdict(method, caller, at_edge=False) is Verdict.ADMITTED for caller in callers), method


def _grpc(stack: ExitStack, mesh: RunningMesh) -> Callable[[Method, Any, str], Answer]:
    channels = {
        service: stack.enter_context(grpc.insecure_channel(mesh.grpc(service))) for service in SERVICES
    }
    return lambda method, request, token: over_grpc(channels[method.service], method, request, token)


def _rest(stack: ExitStack, mesh: RunningMesh) -> Callable[[Method, Any, str], Answer]:
    transport = httpx.HTTPTransport(local_address=_OWN_ADDRESS)
    client = stack.enter_context(
        httpx.Client(
            base_url=mesh.url.replace("localhost", "127.0.0.1"),
            transport=transport,
            timeout=20,
            trust_env=False,
        )
    )
    return lambda method, request, token: over_rest(client, method, request, token)
