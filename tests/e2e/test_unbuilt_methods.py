"""Methods that are not built yet say so, after authorization and validation."""

import re
from pathlib import Path

import grpc
import httpx
import pytest

from shopmesh.policy.v1 import policy_pb2
from tests.e2e.calls import Answer, over_grpc
from tests.e2e.contract_methods import Method, methods
from tests.e2e.shop import Login, refused
from tests.e2e.valid_requests import known_values, valid
from tests.support.running_mesh import RunningMesh

LATER = Path("docs/not-yet.md")
_IDS = dict.fromkeys(("order_id", "address_id", "user_id"), "0192f000-0000-7000-8000-000000000000")


def listed() -> set[str]:
    """The RPCs that the documentation calls not there yet."""
    known = {method.name for method in methods()}
    return {name for name in re.findall(r"\b\w+Service/\w+", LATER.read_text()) if name in known}


@pytest.fixture(scope="module")
def later(
    running_mesh: RunningMesh, admin: httpx.Client, wms: httpx.Client, service_tokens: dict[str, str]
) -> dict[str, Method]:
    """The RPCs that answer UNIMPLEMENTED to callers that may call them."""

    def token(method: Method) -> str:
        if method.policy.access == policy_pb2.ACCESS_INTERNAL:
            return service_tokens[method.service]
        client = wms if "wms" in method.policy.scopes else admin
        assert isinstance(client.auth, Login)
        return client.auth.token()

    answers = ((method, _call(running_mesh, method, token(method))) for method in methods())
    return {method.name: method for method, answer in answers if answer.status == "UNIMPLEMENTED"}


def test_the_documentation_lists_exactly_those(later: dict[str, Method]) -> None:
    assert listed() == set(later)


def test_they_are_refused_before_that_to_whoever_may_not_call_them(
    running_mesh: RunningMesh, later: dict[str, Method], alice: httpx.Client
) -> None:
    assert isinstance(alice.auth, Login)

    for method in later.values():
        assert _call(running_mesh, method, "") == Answer("UNAUTHENTICATED", "TOKEN_REQUIRED")
        if not {"profile", "orders"} & set(method.policy.scopes):
            answer = _call(running_mesh, method, alice.auth.token())
            assert answer == Answer("PERMISSION_DENIED", "SCOPE_MISSING")


def test_their_requests_are_validated_before_that(wms: httpx.Client) -> None:
    found = refused(
        wms.post("/v1/wms:reconcile", json={"lines": [], "repair": False}), 400, "INVALID_REQUEST"
    )

    assert found.fields == ("lines",)


def _call(mesh: RunningMesh, method: Method, token: str) -> Answer:
    request = valid(method.input, known_values(sku="NONE", **_IDS))
    with grpc.insecure_channel(mesh.grpc(method.service)) as channel:
        return over_grpc(channel, method, request, token)
