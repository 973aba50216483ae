"""What the contract says, and what it refuses to say."""

from collections.abc import Callable
from importlib.resources import files

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorSet, MethodDescriptorProto

from mesh.contract import Access, ContractError, Idempotency, load_contract
from shopmesh.policy.v1 import policy_pb2

CONTRACT = load_contract()
PLACE_ORDER = next(method for method in CONTRACT.methods if method.name == "PlaceOrder")


def test_a_method_is_read_with_all_that_the_proto_says() -> None:
    assert PLACE_ORDER.full_name == "/shopmesh.order.v1.OrderService/PlaceOrder"
    assert PLACE_ORDER.mesh_service == "order"
    assert PLACE_ORDER.policy.access is Access.SCOPES
    assert PLACE_ORDER.policy.scopes == {"orders"}
    assert PLACE_ORDER.policy.deadline_seconds == 10
    assert PLACE_ORDER.idempotency is Idempotency.IDEMPOTENT
    assert PLACE_ORDER.binding is not None
    assert (PLACE_ORDER.binding.verb, PLACE_ORDER.binding.template) == ("POST", "/v1/orders")
    assert PLACE_ORDER.comment.startswith("Places an order")


def test_personal_fields_are_known_by_their_full_names() -> None:
    assert "shopmesh.order.v1.ShippingAddress.recipient" in CONTRACT.personal_fields
    assert "shopmesh.order.v1.Order.order_id" not in CONTRACT.personal_fields


def test_comments_are_found_by_what_they_describe() -> None:
    assert CONTRACT.comments["shopmesh.order.v1.LineRequest.quantity"] == "How many pieces, 1 to 999."


def test_no_two_methods_share_a_route() -> None:
    routes = [(each.binding.verb, each.binding.template) for each in CONTRACT.methods if each.binding]

    assert len(routes) == len(set(routes))


def _without_policy(method: MethodDescriptorProto) -> None:
    method.options.ClearExtension(policy_pb2.method)


def _with_unknown_class(method: MethodDescriptorProto) -> None:
    method.options.Extensions[policy_pb2.method].limit_class = "nosuch"


def _without_scopes(method: MethodDescriptorProto) -> None:
    del method.options.Extensions[policy_pb2.method].scopes[:]


def _internal_with_route(method: MethodDescriptorProto) -> None:
    policy = method.options.Extensions[policy_pb2.method]
    policy.access = policy_pb2.ACCESS_INTERNAL
    del policy.scopes[:]


def _without_deadline(method: MethodDescriptorProto) -> None:
    method.options.Extensions[policy_pb2.method].ClearField("deadline")


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        (_without_policy, "has no policy"),
        (_with_unknown_class, "unknown limit class 'nosuch'"),
        (_without_scopes, "has to name scopes"),
        (_internal_with_route, "must not have a google.api.http binding"),
        (_without_deadline, "has no deadline"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused_by_name(
    fault: Callable[[MethodDescriptorProto], None], problem: str
) -> None:
    described = FileDescriptorSet.FromString(files("shopmesh").joinpath("shopmesh.binpb").read_bytes())
    fault(next(m for f in described.file for s in f.service for m in s.method if m.name == "PlaceOrder"))

    with pytest.raises(ContractError, match=f"OrderService.PlaceOrder .*{problem}"):
        load_contract(described.SerializeToString())


@pytest.mark.parametrize("field", ["seconds", "nanos"])
def test_the_shortest_deadline_is_one(field: str) -> None:
    described = FileDescriptorSet.FromString(files("shopmesh").joinpath("shopmesh.binpb").read_bytes())
    method = next(m for f in described.file for s in f.service for m in s.method if m.name == "PlaceOrder")
    _without_deadline(method)
    setattr(method.options.Extensions[policy_pb2.method].deadline, field, 1)

    load_contract(described.SerializeToString())


@pytest.mark.parametrize("field", ["rate_per_minute", "burst"])
def test_a_limit_class_admits_at_least_one_call(field: str) -> None:
    described = FileDescriptorSet.FromString(files("shopmesh").joinpath("shopmesh.binpb").read_bytes())
    declared = next(
        each for file in described.file for each in file.options.Extensions[policy_pb2.limit_class]
    )
    setattr(declared, field, 1)
    load_contract(described.SerializeToString())

    setattr(declared, field, 0)
    with pytest.raises(ContractError, match=f"limit class '{declared.name}' has to admit at least one call"):
        load_contract(described.SerializeToString())
